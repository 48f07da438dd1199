/** Why a connection ended. A closed set: it is the label `reason` of lb_connections_closed_total. */
export const CLOSE_REASONS = [
  /** Both sides ended in order. */
  'completed',
  'client_reset',
  'backend_reset',
  /** No backend was eligible. */
  'no_backend',
  /** Every attempt to connect failed. */
  'connect_failed',
  /** TLS with the client could not be set up. */
  'tls_failed',
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
