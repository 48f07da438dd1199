/**
 * The resources that an operator declares, as plain immutable values with every field filled in.
 * Durations are whole milliseconds. `proto/lb/v1/resources.proto` documents each field for its users.
 */
export const STRATEGIES = [
  'round_robin',
  'least_connections',
  'power_of_two_choices',
  'random',
  'source_hash',
  'peak_ewma',
] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const BACKEND_STATES = ['active', 'draining', 'disabled'] as const;
export type BackendState = (typeof BACKEND_STATES)[number];

export const HEALTH_CHECK_TYPES = ['tcp', 'none'] as const;
type HealthCheckType = (typeof HEALTH_CHECK_TYPES)[number];

/** The health of a backend as a proxy sees it. `ejected`: failed connects took it out until its next passing check. */
export const HEALTH_STATES = ['healthy', 'unhealthy', 'unknown', 'ejected'] as const;
export type Health = (typeof HEALTH_STATES)[number];

/** Of a backend that registered itself. `expiring`: its lease ended together with most of its pool's, so it is kept for a while. */
export const REGISTRATION_STATES = ['active', 'draining', 'expiring'] as const;
export type RegistrationState = (typeof REGISTRATION_STATES)[number];

/** `shadowed`: the pool has a configured backend with that address. `ignored`: it cannot be in the pool. */
export type RegistrationSource = 'registered' | 'shadowed' | 'ignored';

/** How the reason of a backend begins that is a listener of the fleet itself: it is unhealthy and never gets a connection. */
export const LEADS_BACK = 'leads back to';

export interface HealthCheck {
  readonly type: HealthCheckType;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface Policy {
  readonly name: string;
  readonly strategy: Strategy;
  readonly healthCheck: HealthCheck;
  readonly connect: { readonly timeoutMs: number; readonly retries: number };
  /** 0 means never. */
  readonly timeouts: { readonly idleMs: number; readonly halfClosedMs: number };
  /** 0 means no deadline. */
  readonly drainTimeoutMs: number;
  /**
   * One in `oneIn` connections gets a line in the connection log; 0: none. Left out while it is the default, so that
   * policies from before this field keep their hashes.
   */
  readonly connectionLog?: { readonly oneIn: number };
}

/** A pool without its backends, which are resources of their own. */
export interface Pool {
  readonly name: string;
  readonly policy: string;
}

export interface Backend {
  readonly pool: string;
  /** Canonical `IP:PORT` (see address.ts): its name within the pool. */
  readonly address: string;
  readonly weight: number;
  readonly state: BackendState;
}

export interface Listener {
  readonly name: string;
  /** Canonical `IP:PORT`. */
  readonly address: string;
  readonly pool: string;
}

export type Resource =
  | { readonly kind: 'policy'; readonly value: Policy }
  | { readonly kind: 'pool'; readonly value: Pool }
  | { readonly kind: 'backend'; readonly value: Backend }
  | { readonly kind: 'listener'; readonly value: Listener };
export type Kind = Resource['kind'];

/** The name of a resource among those of its kind; a backend's is `POOL/ADDRESS`. */
export function nameOf(resource: Resource): string {
  return resource.kind === 'backend'
    ? `${resource.value.pool}/${resource.value.address}`
    : resource.value.name;
}

/** The key of a resource among all resources: `policy/steady`, `backend/web/10.0.0.1:80`. */
export function keyOf(resource: Resource): string {
  return `${resource.kind}/${nameOf(resource)}`;
}
