/**
 * Drafts: resources as a request has them, with fields left out, and how they become complete values. Only here are
 * defaults filled in and addresses brought into canonical form. Nothing is refused: validate.ts checks the result.
 */
import { canonicalAddress } from './address.ts';
import { BACKEND_DEFAULTS, DEFAULT_POLICY_NAME, LOG_ONE_IN, POLICY_DEFAULTS } from './defaults.ts';
import type { Backend, BackendState, HealthCheck, Listener, Policy, Pool, Strategy } from './resources.ts';
import type { StoredPool } from './state.ts';

export interface PolicyDraft {
  readonly name: string;
  readonly strategy?: Strategy;
  readonly healthCheck?: Partial<HealthCheck>;
  readonly connect?: Partial<Policy['connect']>;
  readonly timeouts?: Partial<Policy['timeouts']>;
  readonly drainTimeoutMs?: number;
  readonly connectionLog?: { readonly oneIn?: number };
}

export interface BackendDraft {
  readonly address: Backend['address'];
  readonly weight?: number;
  /** Left out: the state it has; `active` for a new one. */
  readonly state?: BackendState;
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

/** A policy with every field, except `connectionLog`, which is left out while it is the default. */
export function completePolicy(draft: PolicyDraft): Policy {
  const { connectionLog, ...rest } = draft;
  const oneIn = connectionLog?.oneIn ?? LOG_ONE_IN;
  return {
    ...POLICY_DEFAULTS,
    ...rest,
    ...(oneIn !== LOG_ONE_IN && { connectionLog: { oneIn } }),
    healthCheck: completeHealthCheck(draft.healthCheck ?? {}),
    connect: { ...POLICY_DEFAULTS.connect, ...draft.connect },
    timeouts: { ...POLICY_DEFAULTS.timeouts, ...draft.timeouts },
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
  return { pool, address, weight: draft.weight ?? BACKEND_DEFAULTS.weight, state };
}

/** A listener with its address in canonical form. */
export function completeListener(draft: ListenerDraft): Listener {
  return { name: draft.name, address: canonicalAddress(draft.address), pool: draft.pool };
}

function completeHealthCheck(draft: Partial<HealthCheck>): HealthCheck {
  const complete = { ...POLICY_DEFAULTS.healthCheck, ...draft };
  // A short interval must not be refused because of a default timeout.
  const timeoutMs =
    draft.timeoutMs ?? Math.max(SHORTEST_TIMEOUT_MS, Math.min(complete.timeoutMs, complete.intervalMs));
  return { ...complete, timeoutMs };
}
