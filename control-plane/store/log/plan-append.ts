/**
 * What one append would hold: proposals decided one after the other, each on the state after the one before.
 *
 * Invariants
 *  - every commit is valid on the state before it, so every revision is valid by itself;
 *  - a decision that rests on a commit of this plan holds only if the append succeeds: the plan says which those are.
 */
import { type Change, type Commit, formatOf, putBy } from '../../../core/model/commit.ts';
import { describeChanges } from '../../../core/model/difference.ts';
import { applyChanges, applyCommit } from '../../../core/model/fold.ts';
import { sealCommit } from '../../../core/model/hash.ts';
import type { State } from '../../../core/model/state.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import { encodeCommit, MAX_APPEND_BYTES, MAX_APPEND_COMMITS, tooLarge } from './commit-codec.ts';
import type { RequestOutcome } from './commit-index.ts';
import type { Outcome, Proposal } from './proposal.ts';

/** How to settle a proposal, and the commit that makes the result true. */
export interface Decision<P extends Proposal = Proposal> {
  readonly proposal: P;
  readonly result: Outcome | LbError;
  readonly commit?: Commit;
}

export interface AppendPlan<P extends Proposal = Proposal> {
  readonly base: State;
  readonly commits: readonly Commit[];
  /** Decided before the first commit of the plan, so they hold in any case. */
  readonly certain: readonly Decision<P>[];
  /** Hold once the append has succeeded. */
  readonly conditional: readonly Decision<P>[];
  /** Not decided: they do not fit, or repeat a request of this plan. */
  readonly postponed: readonly P[];
}

/** Decides as many proposals as fit into one append on `base`. */
export function planAppend<P extends Proposal>(
  proposals: readonly P[],
  base: State,
  timeMs: number,
  committed: (requestId: string) => RequestOutcome | undefined,
): AppendPlan<P> {
  const commits: Commit[] = [];
  const certain: Decision<P>[] = [];
  const conditional: Decision<P>[] = [];
  const postponed: P[] = [];
  const requestIds = new Set<string>();
  let state = base;
  let bytes = 0;
  for (const proposal of proposals) {
    if (requestIds.has(proposal.requestId) || commits.length === MAX_APPEND_COMMITS) {
      postponed.push(proposal);
      continue;
    }
    const earlier = committed(proposal.requestId);
    if (earlier !== undefined) {
      certain.push({ proposal, result: repeated(proposal, earlier) });
      continue;
    }
    const decision = decide(proposal, state, timeMs);
    const { commit } = decision;
    const size = commit === undefined ? 0 : encodeCommit(commit).length;
    if (bytes + size > MAX_APPEND_BYTES) {
      postponed.push(proposal);
      continue;
    }
    (commit === undefined && commits.length === 0 ? certain : conditional).push(decision);
    if (commit === undefined) continue;
    bytes += size;
    requestIds.add(proposal.requestId);
    commits.push(commit);
    state = applyCommit(state, commit);
  }
  return { base, commits, certain, conditional, postponed };
}

/** The outcome of a dry run. */
export function dryRun(proposal: Proposal, state: State): Outcome {
  const { changes, notes } = runEdit(proposal, state);
  const after = applyChanges(state, changes, state.head.revision + 1);
  return {
    revision: state.head.revision,
    unchanged: changes.length === 0,
    repeated: false,
    dryRun: true,
    changes: describeChanges(state, after),
    notes,
  };
}

/** The first outcome of a request whose commit is in the log; a refusal when the repeated request differs from it. */
function repeated({ requestId, requestDigest }: Proposal, earlier: RequestOutcome): Outcome | LbError {
  const { revision, changes, digest } = earlier;
  if (digest === requestDigest) {
    return { revision, changes, notes: [], unchanged: false, repeated: true, dryRun: false };
  }
  const description = `"${requestId}" was used for a different request, committed as revision ${revision}; use a new one for each request`;
  return new LbError('INVALID_ARGUMENT', `request_id ${description}.`, [
    { field: 'request_id', description },
  ]);
}

function decide<P extends Proposal>(proposal: P, state: State, timeMs: number): Decision<P> {
  try {
    const { changes, notes } = runEdit(proposal, state);
    const { revision, hash } = state.head;
    const rest = { notes, repeated: false, dryRun: false };
    if (changes.length === 0)
      return { proposal, result: { revision, unchanged: true, changes: [], ...rest } };
    const { requestId, requestDigest, author, message } = proposal;
    const commit = sealCommit({
      format: formatOf(putBy(changes)),
      revision: revision + 1,
      parent: hash,
      timeMs,
      author,
      message,
      requestId,
      requestDigest,
      changes,
    });
    const size = encodeCommit(commit).length;
    if (size > MAX_APPEND_BYTES) return { proposal, result: tooLarge(size) };
    const described = describeChanges(state, applyCommit(state, commit));
    const result = { revision: commit.revision, unchanged: false, changes: described, ...rest };
    return { proposal, commit, result };
  } catch (error) {
    if (error instanceof LbError) return { proposal, result: error };
    return { proposal, result: new LbError('INTERNAL', `the change failed: ${messageOf(error)}`, [], error) };
  }
}

/** The changes of an edit; throws its refusal. */
function runEdit({ edit }: Proposal, state: State): { changes: readonly Change[]; notes: readonly string[] } {
  const result = edit(state);
  if (result.ok) return { changes: result.changes, notes: result.notes ?? [] };
  const { code, message, violations } = result.refusal;
  throw new LbError(code, message, violations);
}
