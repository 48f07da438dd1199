/** Edits of policies: create, update, delete. */
import { completePolicy, type PolicyDraft } from '../draft.ts';
import { DEFAULT_POLICY_NAME, POLICY_DEFAULTS } from '../defaults.ts';
import type { Edit, EditResult } from './edit.ts';
import type { Message } from '../fields/field.ts';
import { POLICY_PATHS } from '../policy/policy-fields.ts';
import { CHECK_PARTS, type Policy } from '../resources.ts';
import type { State, Stored } from '../state.ts';
import { referrers } from '../validate.ts';
import { decide, editStored, put, refuse, refuseReferenced, refuseTaken } from './decide.ts';
import { type Mask, merge, readMask } from './mask.ts';

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
    const value = completePolicy(merged(stored.value, draft, has));
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

/** With a new type of check, the parts of the old one go. */
function merged(stored: Policy, draft: PolicyDraft, has: Mask): PolicyDraft {
  const before = has('health_check.type')
    ? { ...stored, healthCheck: withoutForeignParts(stored, draft) }
    : stored;
  return merge(before, draft, POLICY_PATHS, has) as unknown as PolicyDraft;
}

/** What the new type of check does not have goes with the old type. */
function withoutForeignParts({ healthCheck }: Policy, draft: PolicyDraft): Message {
  const { http: _http, tls: _tls, script: _script, ...ofAll } = healthCheck;
  const parts = CHECK_PARTS[draft.healthCheck?.type ?? POLICY_DEFAULTS.healthCheck.type];
  const kept = parts.map((part) => [part, healthCheck[part]] as const).filter(([, value]) => value);
  return { ...ofAll, ...Object.fromEntries(kept) };
}
