/** Edits of listeners: create, update, delete. */
import { completeListener, type ListenerDraft } from '../draft.ts';
import type { Edit } from '../edit.ts';
import { decide, editStored, put, refuseTaken } from './decide.ts';
import { readMask } from './mask.ts';

const FIELDS = ['address', 'pool'];

/** A new listener. */
export function createListener(draft: ListenerDraft): Edit {
  return (state) => {
    if (state.listeners.has(draft.name)) return refuseTaken('listener', draft.name);
    return decide(state, [{ op: 'put', resource: { kind: 'listener', value: completeListener(draft) } }]);
  };
}

/** Replaces the fields that `maskPaths` names, or all. */
export function updateListener(
  draft: ListenerDraft,
  maskPaths: readonly string[] = [],
  expectedRevision?: number,
): Edit {
  return (state) =>
    editStored('listener', draft.name, state.listeners, expectedRevision, (stored) => {
      const mask = readMask(maskPaths, FIELDS);
      if (!mask.ok) return decide(state, [], mask.violations);
      const requested = completeListener(draft);
      const value = {
        name: draft.name,
        address: mask.has('address') ? requested.address : stored.value.address,
        pool: mask.has('pool') ? requested.pool : stored.value.pool,
      };
      return decide(state, put({ kind: 'listener', value }, stored));
    });
}

/** Deletes a listener: nothing refers to one. */
export function deleteListener(name: string, expectedRevision?: number): Edit {
  return (state) =>
    editStored('listener', name, state.listeners, expectedRevision, () =>
      decide(state, [{ op: 'delete', kind: 'listener', name }]),
    );
}
