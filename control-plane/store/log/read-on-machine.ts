/**
 * Reading on, as a pure machine: (state, event) → {state, effect}: from a state to a later revision, in pieces.
 * log-reader.ts does the reading, and knows what to begin with.
 *
 * Invariants
 *  - what is reached is one prefix of one history: each commit follows the one before, and the state it began with;
 *  - it is read whole, up to the goal and not beyond it, or it is refused.
 */
import type { Commit, Head } from '../../../core/model/commit.ts';
import { applyCommits } from '../../../core/model/fold.ts';
import type { State } from '../../../core/model/state.ts';
import { whyNotContinuation } from './catch-up-plan.ts';

export const READ_COMMITS = 100;

/** Where to read to: a revision of the log that ends with this head. */
export interface Goal {
  readonly head: Head;
  readonly revision: number;
}

export interface ReadOnState {
  readonly goal: Goal;
  readonly state: State;
  /** What was folded, oldest first, as it came. */
  readonly pieces: readonly (readonly Commit[])[];
}

export type ReadOnEffect =
  /** The next event is what the log has of these. */
  | { readonly type: 'read'; readonly from: number; readonly limit: number }
  | { readonly type: 'reached'; readonly state: State; readonly commits: readonly Commit[] }
  /** `trimmed`: the next commit is not there. */
  | { readonly type: 'refuse'; readonly doubt: string; readonly trimmed: boolean };

export interface ReadOnStep {
  readonly state: ReadOnState;
  readonly effect: ReadOnEffect;
}

export function openReadOn(base: State, goal: Goal): ReadOnStep {
  return goOn({ goal, state: base, pieces: [] });
}

/** `commits`: what was asked for, or less. */
export function stepReadOn(reading: ReadOnState, commits: readonly Commit[]): ReadOnStep {
  const { goal, state, pieces } = reading;
  if (commits.length === 0) {
    const next = state.head.revision + 1;
    return refuse(reading, `its log ends before revision ${next}, and its head says ${goal.revision}`, true);
  }
  const doubt = whyNotContinuation(state.head, commits);
  if (doubt !== undefined) return refuse(reading, doubt);
  return goOn({ goal, state: applyCommits(state, commits), pieces: [...pieces, commits] });
}

/** Not beyond the goal, so that the state always stands at a head that was read with its version. */
function goOn(reading: ReadOnState): ReadOnStep {
  const { goal, state, pieces } = reading;
  const { revision, hash, storeId } = state.head;
  if (revision < goal.revision) {
    const limit = Math.min(READ_COMMITS, goal.revision - revision);
    return { state: reading, effect: { type: 'read', from: revision + 1, limit } };
  }
  const isNamed = hash === goal.head.hash && storeId === goal.head.storeId;
  if (isNamed || revision !== goal.head.revision) {
    return { state: reading, effect: { type: 'reached', state, commits: pieces.flat() } };
  }
  return refuse(reading, `revision ${revision} is not the one that its head names`);
}

function refuse(reading: ReadOnState, doubt: string, trimmed = false): ReadOnStep {
  return { state: reading, effect: { type: 'refuse', doubt, trimmed } };
}
