/** Why a connection ended. A closed set: it is the label `reason` of lb_connections_closed_total. */
export const CLOSE_REASONS = [
  /** Both sides ended in order. */
  'completed',
  'client_reset',
  'backend_reset',
  /** The lists of the listener do not let its address in. */
  'denied',
  /** The listener or the client's address has as many connections, or new ones in this second, as its limits allow. */
  'limited',
  /** The client's first bytes break the protocol that the listener expects, or did not come. */
  'bad_first_bytes',
  /** The TLS handshake with the client failed. */
  'tls_failed',
  /** No route of the listener fits, and it has no pool for the rest. */
  'no_route',
  /** No backend was eligible. */
  'no_backend',
  /** Every eligible backend had as many connections as its limit allows, and the queue of the pool had no room. */
  'backend_full',
  /** It waited in the queue of its pool for as long as the pool lets it. */
  'queue_timeout',
  /** Every attempt to connect failed. */
  'connect_failed',
  'idle_timeout',
  'half_closed_timeout',
  /** Its backend was draining or removed, and the drain timeout was in its last fifth. */
  'drain_deadline',
  /** The checks of its backend failed, and the policy closes its connections then. */
  'backend_down',
  /** It had lasted for the max_lifetime of its policy. */
  'lifetime',
  /** The proxy stopped, and the drain timeout of the process passed. */
  'shutdown',
  'worker_lost',
  'internal_error',
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** Those of connections for which no backend was chosen: refused, in the order in which that is decided. */
export const REFUSALS = [
  'denied',
  'limited',
  'bad_first_bytes',
  'tls_failed',
  'no_route',
  'no_backend',
  'backend_full',
  'queue_timeout',
] as const satisfies readonly CloseReason[];
/** The label `reason` of what limits would have refused in a dry run. */
export const DRY_RUN = 'dry_run';
