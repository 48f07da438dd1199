/**
 * Reading on, as a pure machine: (state, event) → {state, effects}: from what is followed to a head, in pieces.
 *
 * Invariants
 *  - what is kept is one valid prefix of one history, and never goes back (follow.ts);
 *  - it is kept whole, at a head that was read with its version, or not at all;
 *  - a store that is away, or that turned into another one, changes nothing here.
 */
import type { Commit, Position } from '../../core/model/commit.ts';
import { applyCommits, emptyState } from '../../core/model/fold.ts';
import type { State } from '../../core/model/state.ts';
import { whyNotContinuation, whyNotSameHistory } from './follow.ts';
import type { Followed } from './log-follower.ts';

const READ_COMMITS = 100;

export interface ReadOnState {
  readonly followed: Followed | null;
  /** On the way to `head`; null: no read is under way. */
  readonly reading: {
    readonly head: Position;
    readonly state: State;
    readonly commits: readonly Commit[];
  } | null;
}

export type ReadOnEvent =
  /** The store says that this is its head now. */
  | { readonly type: 'head'; readonly head: Position }
  /** What was asked for, or less. */
  | { readonly type: 'commits'; readonly commits: readonly Commit[] }
  | { readonly type: 'away' };

export type ReadOnEffect =
  | { readonly type: 'read'; readonly from: number; readonly limit: number }
  /** It is followed now. `commits` are new, and may be none. */
  | { readonly type: 'keep'; readonly followed: Followed; readonly commits: readonly Commit[] }
  /** Why this store can't be followed. */
  | { readonly type: 'refuse'; readonly doubt: string };

export interface ReadOnStep {
  readonly state: ReadOnState;
  readonly effects: readonly ReadOnEffect[];
}

export const NOT_READ_YET: ReadOnState = { followed: null, reading: null };

export function stepReadOn(state: ReadOnState, event: ReadOnEvent): ReadOnStep {
  switch (event.type) {
    case 'head':
      return readTo(state, event.head);
    case 'commits':
      return readMore(state, event.commits);
    case 'away':
      return { state: { ...state, reading: null }, effects: [] };
  }
}

function readTo(state: ReadOnState, head: Position): ReadOnStep {
  const { followed } = state;
  const doubt = followed === null ? undefined : whyNotSameHistory(followed.position, head);
  if (doubt !== undefined) return refuse(state, doubt);
  return goOn(state, { head, state: followed?.state ?? emptyState(head.storeId), commits: [] });
}

function readMore(state: ReadOnState, commits: readonly Commit[]): ReadOnStep {
  const { reading } = state;
  if (reading === null) return { state, effects: [] };
  if (commits.length === 0) {
    const next = reading.state.head.revision + 1;
    return refuse(state, `its log ends before revision ${next}, and its head says ${reading.head.revision}`);
  }
  const doubt = whyNotContinuation(reading.state.head, commits);
  if (doubt !== undefined) return refuse(state, doubt);
  return goOn(state, {
    ...reading,
    state: applyCommits(reading.state, commits),
    commits: [...reading.commits, ...commits],
  });
}

/** Not beyond the head, so that the state always stands at one that was read with its version. */
function goOn(state: ReadOnState, reading: NonNullable<ReadOnState['reading']>): ReadOnStep {
  const { revision, hash } = reading.state.head;
  const { head, commits } = reading;
  if (revision < head.revision) {
    const limit = Math.min(READ_COMMITS, head.revision - revision);
    return { state: { ...state, reading }, effects: [{ type: 'read', from: revision + 1, limit }] };
  }
  if (hash !== head.hash) return refuse(state, `revision ${revision} is not the one that its head names`);
  const followed = { state: reading.state, position: head };
  return { state: { followed, reading: null }, effects: [{ type: 'keep', followed, commits }] };
}

function refuse(state: ReadOnState, doubt: string): ReadOnStep {
  return { state: { ...state, reading: null }, effects: [{ type: 'refuse', doubt }] };
}
