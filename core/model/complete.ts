/**
 * Drafts become complete values here, and only here: defaults filled in, addresses in canonical form. Nothing is
 * refused; validate.ts looks at the result.
 */
import { canonicalAddress } from './address.ts';
import { BACKEND_DEFAULTS, DEFAULT_POLICY_NAME, LOG_ONE_IN, POLICY_DEFAULTS } from './defaults.ts';
import type { BackendDraft, ListenerDraft, PolicyDraft, PoolDraft } from './draft.ts';
import type { Backend, HealthCheck, Listener, Policy, Pool } from './resources.ts';
import type { StoredPool } from './state.ts';

/** Below it a health check's timeout is refused (validate-policy.ts): a default must not be. */
const SHORTEST_TIMEOUT_MS = 10;

/** A policy with every field, but for one that is left out while it is the default. */
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

/** A backend of `pool`. A state left out is the one that the backend has in `existing`. */
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
  // A short interval alone must not be refused for a timeout that nobody asked for.
  const timeoutMs =
    draft.timeoutMs ?? Math.max(SHORTEST_TIMEOUT_MS, Math.min(complete.timeoutMs, complete.intervalMs));
  return { ...complete, timeoutMs };
}
