/** Edits of single backends: add, remove, update. */
import { canonicalAddress } from '../address.ts';
import { type BackendDraft, completeBackend } from '../draft.ts';
import type { Change } from '../commit.ts';
import type { Edit, EditResult } from '../edit.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { Backend } from '../resources.ts';
import type { StoredPool } from '../state.ts';
import { pathOf } from '../validate.ts';
import { decide, editStored, put, refuse, refuseStale } from './decide.ts';
import { repeatedBackends } from './replace-pool.ts';

/** Adds all of them or none. An address that the pool already has is refused. */
export function addBackends(poolName: string, drafts: readonly BackendDraft[]): Edit {
  return (state) =>
    editStored('pool', poolName, state.pools, undefined, (pool) => {
      const values = drafts.map((draft) => completeBackend(poolName, draft));
      const taken = values.filter(({ address }) => pool.backends.has(address));
      if (taken.length > 0)
        return refuseBackends('ALREADY_EXISTS', poolName, taken, 'is already in the pool');
      const changes = values.map((value): Change => ({ op: 'put', resource: { kind: 'backend', value } }));
      return decide(state, changes, repeatedBackends(poolName, drafts));
    });
}

/** Removes all of them or none. An address that the pool doesn't have is refused. */
export function removeBackends(poolName: string, addresses: readonly string[]): Edit {
  return (state) =>
    editStored('pool', poolName, state.pools, undefined, (pool) => {
      const named = [...new Set(addresses.map(canonicalAddress))];
      const missing = named.filter((address) => !pool.backends.has(address));
      if (missing.length > 0) return refuseUnknownBackends(pool, missing);
      const changes = named.map((address): Change => {
        return { op: 'delete', kind: 'backend', name: `${poolName}/${address}` };
      });
      return decide(state, changes);
    });
}

/** Changes the weight or the state; what the draft leaves out stays as it is. */
export function updateBackend(poolName: string, draft: BackendDraft, expectedRevision?: number): Edit {
  return (state) =>
    editStored('pool', poolName, state.pools, undefined, (pool) => {
      const address = canonicalAddress(draft.address);
      const stored = pool.backends.get(address);
      if (stored === undefined) return refuseUnknownBackends(pool, [address]);
      const { weight = stored.value.weight, state: next = stored.value.state } = draft;
      const value: Backend = { ...stored.value, weight, state: next };
      return (
        refuseStale('backend', `${poolName}/${address}`, stored, expectedRevision) ??
        decide(state, put({ kind: 'backend', value }, stored))
      );
    });
}

function refuseUnknownBackends(pool: StoredPool, addresses: readonly string[]): EditResult {
  const values = addresses.map((address) => completeBackend(pool.value.name, { address }));
  const hint = addresses.length === 1 ? didYouMean(addresses[0] ?? '', pool.backends.keys()) : '';
  return refuseBackends('NOT_FOUND', pool.value.name, values, `is not in the pool${hint}`);
}

function refuseBackends(
  code: 'ALREADY_EXISTS' | 'NOT_FOUND',
  pool: string,
  backends: readonly Backend[],
  why: string,
): EditResult {
  const violations = backends.map((value) => ({
    field: pathOf({ kind: 'backend', value }),
    description: why,
  }));
  const names = backends.map(({ address }) => address).join(', ');
  return refuse(code, `Pool "${pool}": ${names} ${why}; nothing was changed.`, violations);
}
