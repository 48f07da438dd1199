/**
 * What one append would hold: proposals decided one after the other, each on the state after the one before.
 *
 * Invariants
 *  - every commit is valid on the state before it, so every revision is valid by itself;
 *  - what is decided on top of a commit of this plan holds only if the append does: the plan says which those are.
 */
import { type Change, type Commit, FORMAT } from '../../../core/model/commit.ts';
import { describeChanges } from '../../../core/model/difference.ts';
import { applyChanges, applyCommit } from '../../../core/model/fold.ts';
import { sealCommit } from '../../../core/model/hash.ts';
import type { State } from '../../../core/model/state.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import { encodeCommit, MAX_APPEND_BYTES, MAX_APPEND_COMMITS, tooLarge } from './commit-codec.ts';
import type { RequestOutcome } from './commit-index.ts';
import type { Outcome, Proposal, Proposed, Ticket } from './proposal.ts';

/** What to tell a ticket, and the commit that makes it true. */
export interface Decision<T extends Proposed = Ticket> {
  readonly ticket: T;
  readonly result: Outcome | LbError;
  readonly commit?: Commit;
}

export interface AppendPlan<T extends Proposed = Ticket> {
  readonly base: State;
  readonly commits: readonly Commit[];
  /** Hold as they are: decided before the first commit of the plan. */
  readonly certain: readonly Decision<T>[];
  /** Hold once the append has succeeded. */
  readonly conditional: readonly Decision<T>[];
  /** Not decided: they did not fit, or repeat a request of this plan. */
  readonly left: readonly T[];
}

/** Decides as many tickets as fit into one append on `base`. */
export function planAppend<T extends Proposed>(
  tickets: readonly T[],
  base: State,
  timeMs: number,
  committed: (requestId: string) => RequestOutcome | undefined,
): AppendPlan<T> {
  const commits: Commit[] = [];
  const certain: Decision<T>[] = [];
  const conditional: Decision<T>[] = [];
  const left: T[] = [];
  const requestIds = new Set<string>();
  let state = base;
  let bytes = 0;
  for (const ticket of tickets) {
    const { proposal } = ticket;
    if (requestIds.has(proposal.requestId) || commits.length === MAX_APPEND_COMMITS) {
      left.push(ticket);
      continue;
    }
    const earlier = committed(proposal.requestId);
    if (earlier !== undefined) {
      certain.push({ ticket, result: repeated(proposal, earlier) });
      continue;
    }
    const decision = decide(ticket, state, timeMs);
    const { commit } = decision;
    const size = commit === undefined ? 0 : encodeCommit(commit).length;
    if (commit !== undefined && bytes + size > MAX_APPEND_BYTES) {
      left.push(ticket);
      continue;
    }
    (commit === undefined && commits.length === 0 ? certain : conditional).push(decision);
    if (commit === undefined) continue;
    bytes += size;
    requestIds.add(proposal.requestId);
    commits.push(commit);
    state = applyCommit(state, commit);
  }
  return { base, commits, certain, conditional, left };
}

/** What a dry run answers. */
export function tryOut(proposal: Proposal, state: State): Outcome {
  const { changes, notes } = decisionOf(proposal, state);
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

/** The outcome of a request whose commit is in the log already, or the refusal when it asks for something else. */
function repeated({ requestId, requestDigest }: Proposal, earlier: RequestOutcome): Outcome | LbError {
  const { revision, changes, digest } = earlier;
  if (digest === requestDigest) {
    return { revision, changes, notes: [], unchanged: false, repeated: true, dryRun: false };
  }
  const description = `"${requestId}" was used for another request, committed as revision ${revision}; make a new one for each request`;
  return new LbError('INVALID_ARGUMENT', `request_id ${description}.`, [
    { field: 'request_id', description },
  ]);
}

function decide<T extends Proposed>(ticket: T, state: State, timeMs: number): Decision<T> {
  const { proposal } = ticket;
  try {
    const { changes, notes } = decisionOf(proposal, state);
    const { revision, hash } = state.head;
    const rest = { notes, repeated: false, dryRun: false };
    if (changes.length === 0) return { ticket, result: { revision, unchanged: true, changes: [], ...rest } };
    const { requestId, requestDigest, author, message } = proposal;
    const commit = sealCommit({
      format: FORMAT,
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
    if (size > MAX_APPEND_BYTES) return { ticket, result: tooLarge(size) };
    const described = describeChanges(state, applyCommit(state, commit));
    return {
      ticket,
      commit,
      result: { revision: commit.revision, unchanged: false, changes: described, ...rest },
    };
  } catch (error) {
    if (error instanceof LbError) return { ticket, result: error };
    return { ticket, result: new LbError('INTERNAL', `the change failed: ${messageOf(error)}`, [], error) };
  }
}

/** What an edit wants; its refusal is thrown. */
function decisionOf(
  { edit }: Proposal,
  state: State,
): { changes: readonly Change[]; notes: readonly string[] } {
  const result = edit(state);
  if (result.ok) return { changes: result.changes, notes: result.notes ?? [] };
  const { code, message, violations } = result.refusal;
  throw new LbError(code, message, violations);
}
