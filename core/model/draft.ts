/**
 * Drafts: resources as a request has them, with fields left out, and how they become complete values. Only here are
 * defaults filled in and addresses brought into canonical form. Nothing is refused: validate.ts checks the result.
 */
import { canonicalAddress } from './address.ts';
import {
  BACKEND_DEFAULTS,
  DEFAULT_POLICY_NAME,
  HTTP_CHECK_DEFAULTS,
  LOG_ONE_IN,
  POLICY_DEFAULTS,
  TLS_CHECK_DEFAULTS,
} from './defaults.ts';
import {
  type Backend,
  type BackendState,
  CHECK_PARTS,
  type HealthCheck,
  type Listener,
  type Policy,
  type Pool,
} from './resources.ts';
import type { StoredPool } from './state.ts';

/** A group of fields, each of which may be left out; a list is one value. */
type Draft<T> = T extends string | number | boolean | readonly unknown[]
  ? T
  : { readonly [Name in keyof T]?: Draft<NonNullable<T[Name]>> };

export type HealthCheckDraft = Draft<HealthCheck>;
export type PolicyDraft = Draft<Omit<Policy, 'name'>> & Pick<Policy, 'name'>;

export interface BackendDraft {
  readonly address: Backend['address'];
  readonly weight?: number;
  /** Left out: the state it has; `active` for a new one. */
  readonly state?: BackendState;
  readonly tier?: number;
}

export interface PoolDraft {
  readonly name: string;
  readonly policy?: string;
  readonly backends: readonly BackendDraft[];
}

export type ListenerDraft = Listener;

export type ResourceDraft =
  | { readonly kind: 'policy'; readonly value: PolicyDraft }
  | { readonly kind: 'pool'; readonly value: PoolDraft }
  | { readonly kind: 'listener'; readonly value: ListenerDraft };

/** The shortest timeout of a health check that validate-policy.ts accepts: a default must not be refused. */
const SHORTEST_TIMEOUT_MS = 10;

/** A policy with every field that it must have; what has its default and may be left out, is. */
export function completePolicy(draft: PolicyDraft): Policy {
  const { connectionLog, onUnhealthy, slowStartMs, maxLifetimeMs, expectHealthy, ...rest } = draft;
  const oneIn = connectionLog?.oneIn ?? LOG_ONE_IN;
  return {
    ...POLICY_DEFAULTS,
    ...rest,
    healthCheck: completeHealthCheck(draft.healthCheck ?? {}),
    connect: { ...POLICY_DEFAULTS.connect, ...draft.connect },
    timeouts: { ...POLICY_DEFAULTS.timeouts, ...draft.timeouts },
    ...(oneIn !== LOG_ONE_IN && { connectionLog: { oneIn } }),
    ...(onUnhealthy !== undefined && onUnhealthy !== 'keep' && { onUnhealthy }),
    ...(slowStartMs && { slowStartMs }),
    ...(maxLifetimeMs && { maxLifetimeMs }),
    ...(expectHealthy && { expectHealthy }),
  };
}

/** A pool without its backends. */
export function completePool(draft: Omit<PoolDraft, 'backends'>): Pool {
  return { name: draft.name, policy: draft.policy || DEFAULT_POLICY_NAME };
}

/** A backend of `pool`. Where the draft has no state, it is the one that the backend has in `existing`. */
export function completeBackend(pool: string, draft: BackendDraft, existing?: StoredPool): Backend {
  const address = canonicalAddress(draft.address);
  const state = draft.state ?? existing?.backends.get(address)?.value.state ?? BACKEND_DEFAULTS.state;
  const { weight = BACKEND_DEFAULTS.weight, tier } = draft;
  return { pool, address, weight, state, ...(tier && { tier }) };
}

/** A listener with its address in canonical form. */
export function completeListener(draft: ListenerDraft): Listener {
  return { name: draft.name, address: canonicalAddress(draft.address), pool: draft.pool };
}

/** A part that the type does not have stays, for validation to refuse. */
function completeHealthCheck(draft: HealthCheckDraft): HealthCheck {
  const { http, tls, ...flat } = draft;
  const complete = { ...POLICY_DEFAULTS.healthCheck, ...flat };
  const parts = complete.type === 'script' ? [] : CHECK_PARTS[complete.type];
  // A short interval must not be refused because of a default timeout.
  const { timeoutMs: usual, intervalMs, unhealthyIntervalMs = intervalMs } = complete;
  const timeoutMs =
    draft.timeoutMs ?? Math.max(SHORTEST_TIMEOUT_MS, Math.min(usual, intervalMs, unhealthyIntervalMs));
  return {
    ...complete,
    timeoutMs,
    ...((http || parts.includes('http')) && { http: { ...HTTP_CHECK_DEFAULTS, ...http } }),
    ...((tls || parts.includes('tls')) && { tls: { ...TLS_CHECK_DEFAULTS, ...tls } }),
  };
}
