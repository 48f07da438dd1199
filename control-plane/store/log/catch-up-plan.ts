/**
 * How a follower gets from its state to a head of the store, decided without I/O.
 *
 * Invariant: a state only moves along one history: the same store, each revision after the one before it and each hash over
 * the one before it; or to the beginning of a store that replaces its store (core/model/store-succession.ts). For anything else
 * the follower keeps its state and says why.
 */
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import { applyCommits } from '../../../core/model/fold.ts';
import { commitHash } from '../../../core/model/hash.ts';
import type { State } from '../../../core/model/state.ts';
import { takesPlaceOf } from '../../../core/model/store-succession.ts';

export const READ_COMMITS = 100;

/** A state and the position at which it was read. */
export interface FollowedState {
  readonly state: State;
  readonly position: Position;
}

export type CatchUpPlan =
  | { readonly type: 'refuse'; readonly reason: string }
  /** The head is the one of the current state. */
  | { readonly type: 'stay'; readonly state: State }
  /** `base`: the state to continue; null: everything is read from the beginning. */
  | { readonly type: 'read'; readonly base: FollowedState | null };

export function planCatchUp(current: FollowedState | null, head: Position): CatchUpPlan {
  if (current === null) return { type: 'read', base: null };
  const { state, position } = current;
  if (head.storeId !== position.storeId && takesPlaceOf(head, position.storeId))
    return { type: 'read', base: null };
  const reason = whyNotSameHistory(position, head);
  if (reason !== undefined) return { type: 'refuse', reason };
  return head.revision === position.revision ? { type: 'stay', state } : { type: 'read', base: current };
}

function whyNotSameHistory(before: Position, head: Position): string | undefined {
  if (head.storeId !== before.storeId) {
    return `it is a different store now (id ${head.storeId}, before ${before.storeId}): it was wiped or replaced`;
  }
  if (head.revision < before.revision || head.version < before.version) {
    return `it went back from revision ${before.revision} to ${head.revision} (version ${before.version} to ${head.version}): it was restored from a backup`;
  }
  if (head.revision === before.revision && head.hash !== before.hash) {
    return `its revision ${head.revision} is not the one that was read before: its history was replaced`;
  }
  return undefined;
}

/** Why `commits` do not continue the history that ends in `head`; undefined when they do. */
export function whyNotContinuation(head: Head, commits: readonly Commit[]): string | undefined {
  let { revision, hash } = head;
  for (const commit of commits) {
    if (commit.revision !== revision + 1)
      return `after revision ${revision} comes ${commit.revision}: its log has a hole`;
    if (commit.parent !== hash)
      return `revision ${commit.revision} does not follow revision ${revision}: its history was replaced`;
    if (commitHash(commit) !== commit.hash)
      return `revision ${commit.revision} does not match its hash: it is damaged`;
    ({ revision, hash } = commit);
  }
  return undefined;
}

/** Read the log up to this revision; its last revision is that of `head`. */
export interface ReadGoal {
  readonly head: Head;
  readonly revision: number;
}

export interface CommitRange {
  readonly from: number;
  readonly limit: number;
}

export type LogRead =
  /** `commits`: what was applied, oldest first. */
  | { readonly ok: true; readonly state: State; readonly commits: readonly Commit[] }
  /** `trimmed`: the next commit is not in the log. */
  | { readonly ok: false; readonly reason: string; readonly trimmed: boolean };

/**
 * Reads from `base` up to the goal, and not beyond it, so that a state always belongs to a head that was read with its
 * version. Yields the range to read next; expects its commits, or the first ones of them.
 */
export function* readUpTo(base: State, goal: ReadGoal): Generator<CommitRange, LogRead, readonly Commit[]> {
  const { head, revision } = goal;
  const pieces: (readonly Commit[])[] = [];
  let state = base;
  while (state.head.revision < revision) {
    const from = state.head.revision + 1;
    const commits = yield { from, limit: Math.min(READ_COMMITS, revision - state.head.revision) };
    if (commits.length === 0) {
      const reason = `its log ends before revision ${from}, but its head is at ${revision}`;
      return { ok: false, reason, trimmed: true };
    }
    const reason = whyNotContinuation(state.head, commits);
    if (reason !== undefined) return { ok: false, reason, trimmed: false };
    state = applyCommits(state, commits);
    pieces.push(commits);
  }
  const isHead = state.head.hash === head.hash && state.head.storeId === head.storeId;
  if (state.head.revision === head.revision && !isHead) {
    return { ok: false, reason: `revision ${revision} is not the one that its head names`, trimmed: false };
  }
  return { ok: true, state, commits: pieces.flat() };
}
