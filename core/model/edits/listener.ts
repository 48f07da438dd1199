/** Edits of listeners: create, update, delete. */
import { completeListener, type ListenerDraft } from '../draft.ts';
import type { Edit } from '../edit.ts';
import { decide, put, refuseMissing, refuseStale, refuseTaken } from './decide.ts';
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
  return (state) => {
    const stored = state.listeners.get(draft.name);
    if (stored === undefined) return refuseMissing('listener', draft.name, state.listeners.keys());
    const stale = refuseStale('listener', draft.name, stored, expectedRevision);
    if (stale !== undefined) return stale;
    const mask = readMask(maskPaths, FIELDS);
    if (!mask.ok) return decide(state, [], mask.violations);
    const asked = completeListener(draft);
    const value = {
      name: draft.name,
      address: mask.has('address') ? asked.address : stored.value.address,
      pool: mask.has('pool') ? asked.pool : stored.value.pool,
    };
    return decide(state, put({ kind: 'listener', value }, stored));
  };
}

/** Deletes a listener: nothing refers to one. */
export function deleteListener(name: string, expectedRevision?: number): Edit {
  return (state) => {
    const stored = state.listeners.get(name);
    if (stored === undefined) return refuseMissing('listener', name, state.listeners.keys());
    return (
      refuseStale('listener', name, stored, expectedRevision) ??
      decide(state, [{ op: 'delete', kind: 'listener', name }])
    );
  };
}
