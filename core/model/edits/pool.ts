/** Edits of pools: create, update, delete. */
import { completePool, type PoolDraft } from '../draft.ts';
import type { Edit, EditResult } from './edit.ts';
import { pathsOf } from '../fields/field.ts';
import { FIELDS } from '../fields/resource-fields.ts';
import type { State, StoredPool } from '../state.ts';
import { referrers } from '../validate.ts';
import { decide, editStored, put, refuseReferenced, refuseTaken } from './decide.ts';
import { merge, readMask } from './mask.ts';
import { repeatedBackends, replaceBackends, replacePool } from './replace-pool.ts';

const PATHS = pathsOf(FIELDS.pool);
const NAMES = [...PATHS.map(({ path }) => path), 'backends'];

/** A new pool with its backends. */
export function createPool(draft: PoolDraft): Edit {
  return (state) => {
    const result = decide(state, replacePool(draft, undefined), repeatedBackends(draft.name, draft.backends));
    return state.pools.has(draft.name) ? refuseTaken('pool', draft.name, result) : result;
  };
}

/** Replaces the fields that `maskPaths` names, or all; backends left out of the list are removed. */
export function updatePool(
  draft: PoolDraft,
  maskPaths: readonly string[] = [],
  expectedRevision?: number,
): Edit {
  const { has, violations } = readMask(maskPaths, NAMES);
  return editPool(draft.name, expectedRevision, (stored, state) => {
    const value = completePool(merge(stored.value, draft, PATHS, has) as unknown as PoolDraft);
    const changes = put({ kind: 'pool', value }, stored);
    if (!has('backends')) return decide(state, changes, violations);
    changes.push(...replaceBackends(draft, stored));
    return decide(state, changes, [...violations, ...repeatedBackends(draft.name, draft.backends)]);
  });
}

/** Deletes the pool and its backends. Refused while a listener uses it. */
export function deletePool(name: string, expectedRevision?: number): Edit {
  return editPool(name, expectedRevision, (_, state) => {
    const users = referrers(state, 'pool', name);
    if (users.length > 0) return refuseReferenced('pool', name, users);
    return decide(state, [{ op: 'delete', kind: 'pool', name }]);
  });
}

/** An edit of a pool, or of its backends. */
export function editPool(
  name: string,
  expectedRevision: number | undefined,
  change: (pool: StoredPool, state: State) => EditResult,
): Edit {
  const absent = { kind: 'pool', value: completePool({ name }) } as const;
  return (state) => editStored(absent, state, ({ pools }) => pools, expectedRevision, change);
}
