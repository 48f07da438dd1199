/** States for tests, made the way they come about: by edits that are folded. */
import assert from 'node:assert/strict';
import { type Change, type Commit, formatOf, putBy } from '../core/model/commit.ts';
import type { ResourceDraft } from '../core/model/draft.ts';
import type { Edit, Refusal } from '../core/model/edits/edit.ts';
import { applyResources } from '../core/model/edits/apply.ts';
import { applyCommit, emptyState } from '../core/model/fold.ts';
import { sealCommit } from '../core/model/hash.ts';
import type { Resource } from '../core/model/resources.ts';
import type { State } from '../core/model/state.ts';
import { validateChanges } from '../core/model/validate.ts';
import type { Violation } from '../core/model/violation.ts';

/** The next commit of a state, with these changes. */
export function commitOn(state: State, changes: readonly Change[], requestId = 'request'): Commit {
  const { revision, hash } = state.head;
  return sealCommit({
    format: formatOf(putBy(changes)),
    revision: revision + 1,
    parent: hash,
    timeMs: 0,
    author: 'test',
    message: '',
    requestId,
    requestDigest: 'digest',
    changes,
  });
}

/** The state after an edit, which must not be refused. */
export function after(state: State, edit: Edit): State {
  return applyCommit(state, commitOn(state, changesOf(state, edit)));
}

/** The changes of an edit, which must not be refused. */
export function changesOf(state: State, edit: Edit): readonly Change[] {
  const result = edit(state);
  assert.ok(result.ok, `refused: ${JSON.stringify(result)}`);
  return result.changes;
}

/** The refusal of an edit, which must be one. */
export function refusalOf(state: State, edit: Edit): Refusal {
  const result = edit(state);
  assert.ok(!result.ok, `not refused: ${JSON.stringify(result)}`);
  return result.refusal;
}

/** A state of these resources. */
export function stateOf(drafts: readonly ResourceDraft[]): State {
  return after(emptyState('store'), applyResources(drafts, { prune: false }));
}

/** Every violation of a whole state. */
export function validateState(state: State): Violation[] {
  const resources: Resource[] = [];
  for (const { value } of state.policies.values()) resources.push({ kind: 'policy', value });
  for (const pool of state.pools.values()) {
    resources.push({ kind: 'pool', value: pool.value });
    for (const { value } of pool.backends.values()) resources.push({ kind: 'backend', value });
  }
  for (const { value } of state.listeners.values()) resources.push({ kind: 'listener', value });
  return validateChanges(
    state,
    resources.map((resource) => ({ op: 'put', resource })),
  );
}

/** What is wrong with these resources, each as `FIELD DESCRIPTION`. */
export function violationsOf(drafts: readonly ResourceDraft[]): string[] {
  const { code, violations } = refusalOf(emptyState('store'), applyResources(drafts, { prune: false }));
  assert.equal(code, 'INVALID_ARGUMENT');
  return violations.map(({ field, description }) => `${field} ${description}`);
}
