/**
 * Drafts: resources as a request has them, with fields left out, and how they become complete values. Only here are
 * defaults filled in and addresses brought into canonical form. Nothing is refused: validate.ts checks the result.
 */
import { canonicalAddress } from './address.ts';
import { POLICY_DEFAULTS } from './defaults.ts';
import { complete } from './fields/field.ts';
import { FIELDS } from './fields/resource-fields.ts';
import {
  type Backend,
  type BackendState,
  CHECK_PARTS,
  type CHECK_PROXY_PROTOCOL,
  type DnsEntry,
  type HealthCheck,
  type Listener,
  type Policy,
  type Pool,
  type PROXY_PROTOCOLS,
  type Route,
} from './resources.ts';
import type { StoredPool } from './state.ts';

/** A group of fields, each of which may be left out; a list is one value. */
type Draft<T> = T extends string | number | boolean | readonly unknown[]
  ? T
  : { readonly [Name in keyof T]?: Draft<NonNullable<T[Name]>> };

export type HealthCheckDraft = Draft<Omit<HealthCheck, 'proxyProtocol'>> & {
  readonly proxyProtocol?: (typeof CHECK_PROXY_PROTOCOL)[number];
};
export type PolicyDraft = Draft<Omit<Policy, 'name' | 'healthCheck'>> &
  Pick<Policy, 'name'> & { readonly healthCheck?: HealthCheckDraft };

export interface BackendDraft {
  readonly address: Backend['address'];
  readonly weight?: number;
  /** Left out: the state it has; `active` for a new one. */
  readonly state?: BackendState;
  readonly tier?: number;
  readonly maxConnections?: number;
}

export interface PoolDraft extends Draft<Omit<Pool, 'name' | 'dns' | 'proxyProtocol'>> {
  readonly name: string;
  readonly proxyProtocol?: (typeof PROXY_PROTOCOLS)[number];
  readonly dns?: readonly DnsEntry[];
  readonly backends: readonly BackendDraft[];
}

export interface ListenerDraft extends Draft<Omit<Listener, 'name' | 'routes' | 'ipv6Only'>> {
  readonly name: string;
  readonly ipv6Only?: boolean;
  readonly routes?: readonly Partial<Route>[];
}

export type ResourceDraft =
  | { readonly kind: 'policy'; readonly value: PolicyDraft }
  | { readonly kind: 'pool'; readonly value: PoolDraft }
  | { readonly kind: 'listener'; readonly value: ListenerDraft };

/** The shortest timeout of a health check that validate-policy.ts accepts: a default must not be refused. */
const SHORTEST_TIMEOUT_MS = 10;

/** A policy with every field that it must have. A part of a check that its type does not have stays, to be refused. */
export function completePolicy(draft: PolicyDraft): Policy {
  const check = draft.healthCheck ?? {};
  const { type, intervalMs, timeoutMs } = { ...POLICY_DEFAULTS.healthCheck, ...check };
  const parts = type === 'script' ? [] : CHECK_PARTS[type].map((part) => [part, {}]);
  // A default timeout does not make checks of a short interval late.
  const usualMs = Math.min(timeoutMs, intervalMs, check.unhealthyIntervalMs ?? intervalMs);
  const healthCheck = {
    timeoutMs: Math.max(SHORTEST_TIMEOUT_MS, usualMs),
    ...(Object.fromEntries(parts) as object),
    ...check,
  };
  return { name: draft.name, ...complete(FIELDS.policy, { ...draft, healthCheck }) } as unknown as Policy;
}

/** A pool without its backends. */
export function completePool(draft: Omit<PoolDraft, 'backends'>): Pool {
  const { policy, ...others } = draft;
  const fields = complete(FIELDS.pool, { ...others, ...(policy && { policy }) });
  return { name: draft.name, ...fields } as Pool;
}

/** A backend of `pool`. Where the draft has no state, it is the one that the backend has in `existing`. */
export function completeBackend(pool: string, draft: BackendDraft, existing?: StoredPool): Backend {
  const state = draft.state ?? existing?.backends.get(canonicalAddress(draft.address))?.value.state;
  const fields = complete(FIELDS.backend, { ...draft, state });
  return { pool, ...fields } as unknown as Backend;
}

export function completeListener(draft: ListenerDraft): Listener {
  return { name: draft.name, ...complete(FIELDS.listener, { ...draft }) } as unknown as Listener;
}
