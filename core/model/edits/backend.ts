/** Edits of single backends: add, remove, update. */
import { canonicalAddress, parseAddress } from '../address.ts';
import { type BackendDraft, completeBackend } from '../draft.ts';
import type { Change } from '../commit.ts';
import type { Edit } from './edit.ts';
import { applyChanges } from '../fold.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { Backend } from '../resources.ts';
import type { StoredPool } from '../state.ts';
import { pathOf } from '../validate.ts';
import { decide, put, refuse, refuseBoth, type Refused, refuseStale } from './decide.ts';
import { editPool } from './pool.ts';
import { repeatedBackends } from './replace-pool.ts';

/** Adds all of them or none. An address that the pool already has is refused. */
export function addBackends(poolName: string, drafts: readonly BackendDraft[]): Edit {
  return editPool(poolName, undefined, (pool, state) => {
    const values = drafts.map((draft) => completeBackend(poolName, draft));
    const taken = values.filter(({ address }) => pool.backends.has(address));
    const changes = values.map((value): Change => ({ op: 'put', resource: { kind: 'backend', value } }));
    const result = decide(state, changes, repeatedBackends(poolName, drafts));
    if (taken.length === 0) return result;
    return refuseBoth(refuseBackends('ALREADY_EXISTS', poolName, taken, 'is already in the pool'), result);
  });
}

/** Removes all of them or none. An address that the pool doesn't have is refused. */
export function removeBackends(poolName: string, addresses: readonly string[]): Edit {
  return editPool(poolName, undefined, (pool, state) => {
    const named = [...new Set(addresses.map(canonicalAddress))];
    const missing = named.filter((address) => !pool.backends.has(address));
    // Without a pool, which address is missing would say the same again.
    if (missing.length > 0 && pool.revision > 0) return refuseUnknownBackends(pool, missing);
    const changes = named.map((address): Change => {
      return { op: 'delete', kind: 'backend', name: `${poolName}/${address}` };
    });
    return decide(state, changes);
  });
}

/** Changes the weight, the state, the tier or the limit; what the draft leaves out stays as it is. */
export function updateBackend(poolName: string, draft: BackendDraft, expectedRevision?: number): Edit {
  return editPool(poolName, undefined, (pool, state) => {
    const address = canonicalAddress(draft.address);
    const stored = pool.backends.get(address);
    const value = completeBackend(poolName, { ...stored?.value, ...draft });
    const resource = { kind: 'backend', value } as const;
    // An absent one is checked as if it existed, so it does not count as one more.
    const before = stored === undefined ? applyChanges(state, put(resource, stored), 0) : state;
    const result = decide(before, put(resource, stored));
    if (stored !== undefined) {
      return refuseBoth(refuseStale('backend', `${poolName}/${address}`, stored, expectedRevision), result);
    }
    // Without a pool, that its backend is missing would say the same again.
    if (pool.revision === 0 || !parseAddress(address, 'backend').ok) return result;
    return refuseBoth(refuseUnknownBackends(pool, [address]), result, (field) => {
      return field === `${pathOf(resource)}.address`;
    });
  });
}

function refuseUnknownBackends(pool: StoredPool, addresses: readonly string[]): Refused {
  const values = addresses.map((address) => completeBackend(pool.value.name, { address }));
  const hint = addresses.length === 1 ? didYouMean(addresses[0] ?? '', pool.backends.keys()) : '';
  return refuseBackends('NOT_FOUND', pool.value.name, values, `is not in the pool${hint}`);
}

function refuseBackends(
  code: 'ALREADY_EXISTS' | 'NOT_FOUND',
  pool: string,
  backends: readonly Backend[],
  why: string,
): Refused {
  const violations = backends.map((value) => ({
    field: pathOf({ kind: 'backend', value }),
    description: why,
  }));
  const names = backends.map(({ address }) => address).join(', ');
  return refuse(code, `Pool "${pool}": ${names} ${why}; nothing was changed.`, violations);
}
