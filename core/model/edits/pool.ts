/** Edits of pools: create, update, delete. */
import { completePool, type PoolDraft } from '../draft.ts';
import type { Edit } from '../edit.ts';
import { referrers } from '../validate.ts';
import { decide, editStored, put, refuseReferenced, refuseTaken } from './decide.ts';
import { readMask } from './mask.ts';
import { repeatedBackends, replaceBackends, replacePool } from './replace-pool.ts';

const FIELDS = ['policy', 'backends'];

/** A new pool with its backends. */
export function createPool(draft: PoolDraft): Edit {
  return (state) => {
    if (state.pools.has(draft.name)) return refuseTaken('pool', draft.name);
    return decide(state, replacePool(draft, undefined), repeatedBackends(draft.name, draft.backends));
  };
}

/** Replaces the fields that `maskPaths` names, or all; backends left out of the list are removed. */
export function updatePool(
  draft: PoolDraft,
  maskPaths: readonly string[] = [],
  expectedRevision?: number,
): Edit {
  return (state) =>
    editStored('pool', draft.name, state.pools, expectedRevision, (stored) => {
      const mask = readMask(maskPaths, FIELDS);
      if (!mask.ok) return decide(state, [], mask.violations);
      const poolChanges = mask.has('policy') ? put({ kind: 'pool', value: completePool(draft) }, stored) : [];
      if (!mask.has('backends')) return decide(state, poolChanges);
      const changes = [...poolChanges, ...replaceBackends(draft, stored)];
      return decide(state, changes, repeatedBackends(draft.name, draft.backends));
    });
}

/** Deletes the pool and its backends. Refused while a listener uses it. */
export function deletePool(name: string, expectedRevision?: number): Edit {
  return (state) =>
    editStored('pool', name, state.pools, expectedRevision, () => {
      const users = referrers(state, 'pool', name);
      if (users.length > 0) return refuseReferenced('pool', name, users);
      return decide(state, [{ op: 'delete', kind: 'pool', name }]);
    });
}
