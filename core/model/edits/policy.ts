/** Edits of policies: create, update, delete. */
import { completePolicy, type PolicyDraft } from '../draft.ts';
import { DEFAULT_POLICY_NAME, POLICY_DEFAULTS } from '../defaults.ts';
import type { Edit, EditResult } from '../edit.ts';
import { POLICY_PATHS } from '../policy/policy-fields.ts';
import { CHECK_PARTS, type Policy } from '../resources.ts';
import type { State, Stored } from '../state.ts';
import { referrers } from '../validate.ts';
import { decide, editStored, put, refuse, refuseReferenced, refuseTaken } from './decide.ts';
import { type Mask, readMask } from './mask.ts';

const PATHS = POLICY_PATHS.map(({ path }) => path);

/** A new policy. */
export function createPolicy(draft: PolicyDraft): Edit {
  return (state) => {
    const value = completePolicy(draft);
    const result = decide(state, [{ op: 'put', resource: { kind: 'policy', value } }]);
    return state.policies.has(draft.name) ? refuseTaken('policy', draft.name, result) : result;
  };
}

/** Replaces the fields that `maskPaths` names, or all; a field the draft leaves out takes its default. */
export function updatePolicy(
  draft: PolicyDraft,
  maskPaths: readonly string[] = [],
  expectedRevision?: number,
): Edit {
  const { has, violations } = readMask(maskPaths, PATHS);
  return edit(draft.name, expectedRevision, (stored, state) => {
    const value = completePolicy(merge(stored.value, draft, has));
    return decide(state, put({ kind: 'policy', value }, stored), violations);
  });
}

/** Refused while a pool uses it, and for the built-in policy. */
export function deletePolicy(name: string, expectedRevision?: number): Edit {
  return edit(name, expectedRevision, (_, state) => {
    if (name === DEFAULT_POLICY_NAME) {
      const message = `The policy "${name}" is built in and can't be deleted; update it instead.`;
      return refuse('FAILED_PRECONDITION', message);
    }
    const users = referrers(state, 'policy', name);
    if (users.length > 0) return refuseReferenced('policy', name, users);
    return decide(state, [{ op: 'delete', kind: 'policy', name }]);
  });
}

function edit(
  name: string,
  expectedRevision: number | undefined,
  change: (stored: Stored<Policy>, state: State) => EditResult,
): Edit {
  const absent = { kind: 'policy', value: completePolicy({ name }) } as const;
  return (state) => editStored(absent, state, ({ policies }) => policies, expectedRevision, change);
}

/** The stored policy with the fields of the draft that are named; one that the draft leaves out is left out. */
function merge(stored: Policy, draft: PolicyDraft, has: Mask): PolicyDraft {
  let merged: Fields = { ...stored };
  if (has('health_check.type')) merged = { ...merged, healthCheck: withoutForeignParts(stored, draft) };
  for (const { path, keys } of POLICY_PATHS) {
    const names = path.split('.');
    // A group that is named is replaced whole, so that an empty one differs from none.
    const depth = names.findIndex((_, index) => has(names.slice(0, index + 1).join('.')));
    if (depth >= 0) merged = replaced(merged, draft, keys.slice(0, depth + 1));
  }
  return merged as unknown as PolicyDraft;
}

/** What the new type of check does not have goes with the old type. */
function withoutForeignParts({ healthCheck }: Policy, draft: PolicyDraft): Fields {
  const { http: _http, tls: _tls, script: _script, ...ofAll } = healthCheck;
  const parts = CHECK_PARTS[draft.healthCheck?.type ?? POLICY_DEFAULTS.healthCheck.type];
  const kept = parts.map((part) => [part, healthCheck[part]] as const).filter(([, value]) => value);
  return { ...ofAll, ...Object.fromEntries(kept) };
}

type Fields = Readonly<Record<string, unknown>>;

/** `to` with what `from` has at `keys`, or without it. */
function replaced(to: Fields, from: object, [key, ...inner]: readonly string[]): Fields {
  if (key === undefined) return to;
  const value = (from as Fields)[key];
  const { [key]: old, ...others } = to;
  const next = inner.length === 0 ? value : replaced((old ?? {}) as Fields, value ?? {}, inner);
  return next === undefined ? others : { ...others, [key]: next };
}
