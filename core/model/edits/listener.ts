/** Edits of listeners: create, update, delete. */
import { completeListener, type ListenerDraft } from '../draft.ts';
import type { Edit, EditResult } from './edit.ts';
import { pathsOf } from '../fields/field.ts';
import { FIELDS } from '../fields/resource-fields.ts';
import type { Listener } from '../resources.ts';
import type { State, Stored } from '../state.ts';
import { decide, editStored, put, refuseTaken } from './decide.ts';
import { merge, readMask } from './mask.ts';

const PATHS = pathsOf(FIELDS.listener);
const NAMES = PATHS.map(({ path }) => path);

/** A new listener. */
export function createListener(draft: ListenerDraft): Edit {
  return (state) => {
    const value = completeListener(draft);
    const result = decide(state, [{ op: 'put', resource: { kind: 'listener', value } }]);
    return state.listeners.has(draft.name) ? refuseTaken('listener', draft.name, result) : result;
  };
}

/** Replaces the fields that `maskPaths` names, or all. */
export function updateListener(
  draft: ListenerDraft,
  maskPaths: readonly string[] = [],
  expectedRevision?: number,
): Edit {
  const { has, violations } = readMask(maskPaths, NAMES);
  const isLeftOut = (field: string) => NAMES.some((name) => field.endsWith(`.${name}`) && !has(name));
  return edit(draft.name, expectedRevision, isLeftOut, (stored, state) => {
    const value = completeListener(merge(stored.value, draft, PATHS, has) as unknown as ListenerDraft);
    return decide(state, put({ kind: 'listener', value }, stored), violations);
  });
}

/** Deletes a listener: nothing refers to one. */
export function deleteListener(name: string, expectedRevision?: number): Edit {
  return edit(
    name,
    expectedRevision,
    () => true,
    (_, state) => decide(state, [{ op: 'delete', kind: 'listener', name }]),
  );
}

/** `isLeftOut`: the fields that the request does not have, so they are not wrong in a listener that does not exist. */
function edit(
  name: string,
  expectedRevision: number | undefined,
  isLeftOut: (field: string) => boolean,
  change: (stored: Stored<Listener>, state: State) => EditResult,
): Edit {
  const absent = { kind: 'listener', value: { name, address: '', pool: '' } } as const;
  return (state) =>
    editStored(absent, state, ({ listeners }) => listeners, expectedRevision, change, isLeftOut);
}
