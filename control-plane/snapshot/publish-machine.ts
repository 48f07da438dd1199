/**
 * What to publish, as a pure machine: (state, event) → {state, effects}. publish.ts has the timer and the listeners.
 *
 * Invariants
 *  - what is published never goes back; the last good snapshot stays when there is nothing newer;
 *  - at most one build is waiting; changes in between coalesce to the newest state;
 *  - a bounded number of recent snapshots is kept, so that a proxy that comes back gets a delta, not everything.
 */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { State } from '../../core/model/state.ts';
import { buildSnapshot } from './build.ts';

/** A build of 10,000 backends takes some 10 ms: in a burst, no more than half the time goes into building. */
const PAUSE_MS = 20;

/** Enough for a proxy that was away during a handful of changes. */
const KEPT_SNAPSHOTS = 16;

export interface PublishState {
  /** Null until the store was read for the first time. */
  readonly newest: Snapshot | null;
  /** Oldest first, each hash once. */
  readonly recent: readonly Snapshot[];
  /** To be built when the timer is due, which is armed for as long as something waits. */
  readonly waiting: { readonly state: State; readonly position: Position } | null;
}

export type PublishEvent =
  /** The store holds this now. */
  | {
      readonly type: 'offered';
      readonly state: State;
      readonly position: Position;
      readonly sinceLastBuildMs: number;
    }
  | { readonly type: 'due' };

export type PublishEffect =
  | { readonly type: 'arm'; readonly delayMs: number }
  | { readonly type: 'publish'; readonly snapshot: Snapshot };

export interface PublishStep {
  readonly state: PublishState;
  readonly effects: readonly PublishEffect[];
}

export const NOTHING_PUBLISHED: PublishState = { newest: null, recent: [], waiting: null };

export function stepPublish(state: PublishState, event: PublishEvent): PublishStep {
  if (event.type === 'due') return due(state);
  const waiting = { state: event.state, position: event.position };
  const delayMs = Math.max(0, PAUSE_MS - event.sinceLastBuildMs);
  return {
    state: { ...state, waiting },
    effects: state.waiting === null ? [{ type: 'arm', delayMs }] : [],
  };
}

function due(state: PublishState): PublishStep {
  const { waiting } = state;
  const rest = { ...state, waiting: null };
  if (waiting === null || !isNewer(waiting.position, state.newest?.position))
    return { state: rest, effects: [] };
  const snapshot = buildSnapshot(waiting.state, waiting.position);
  // One that comes back counts as recent, so it is moved to the end.
  const others = state.recent.filter(({ hash }) => hash !== snapshot.hash);
  return {
    state: { newest: snapshot, recent: [...others, snapshot].slice(-KEPT_SNAPSHOTS), waiting: null },
    effects: [{ type: 'publish', snapshot }],
  };
}

function isNewer(position: Position, newest: Position | undefined): boolean {
  if (newest === undefined) return true;
  return position.storeId === newest.storeId && position.revision > newest.revision;
}
