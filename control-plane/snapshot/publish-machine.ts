/**
 * What to publish, as a pure machine: (state, event) → {state, effects}. publisher.ts has the timer and the listeners.
 *
 * Invariants
 *  - a published position never goes back; the last good snapshot stays until there is a newer one;
 *  - a version that changes nothing is published too, without a build: a proxy may be waiting for it;
 *  - at most one build is waiting, and it takes the newest state;
 *  - a bounded number of recent snapshots is kept, so that a proxy that comes back gets a delta instead of everything.
 */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { State } from '../../core/model/state.ts';
import { takesPlaceOf } from '../../core/model/store-succession.ts';
import { isDnsAnswer, isRegistration, type Member } from '../store/member-store.ts';
import { buildSnapshot } from './build-snapshot.ts';
import { mergeMembers } from '../store/members/merge-members.ts';

/** A build of 10,000 backends takes about 10 ms, so building takes at most half the time in a burst of changes. */
const PAUSE_MS = 20;

/** Enough for a proxy that was disconnected during a handful of changes. */
const KEPT_SNAPSHOTS = 16;

/** What the store holds at one version. */
export interface Offer {
  readonly state: State;
  readonly position: Position;
  /** The same array as long as nothing changed. */
  readonly members: readonly Member[];
}

export interface PublishState {
  /** Null until the store has been read. */
  readonly newest: Snapshot | null;
  /** What `newest` was built from. */
  readonly built: Offer | null;
  /** Oldest first, each hash once. */
  readonly recent: readonly Snapshot[];
  /** Is built when the timer is due; the timer is armed as long as something waits. */
  readonly waiting: Offer | null;
}

export type PublishEvent =
  /** The store now holds this. */
  | { readonly type: 'offered'; readonly offer: Offer; readonly sinceLastBuildMs: number }
  | { readonly type: 'due' };

type PublishEffect =
  | { readonly type: 'arm'; readonly delayMs: number }
  | { readonly type: 'publish'; readonly snapshot: Snapshot };

export interface PublishStep {
  readonly state: PublishState;
  readonly effects: readonly PublishEffect[];
}

export const NOTHING_PUBLISHED: PublishState = { newest: null, built: null, recent: [], waiting: null };

export function stepPublish(state: PublishState, event: PublishEvent): PublishStep {
  if (event.type === 'due') return due(state);
  const delayMs = Math.max(0, PAUSE_MS - event.sinceLastBuildMs);
  return {
    state: { ...state, waiting: event.offer },
    effects: state.waiting === null ? [{ type: 'arm', delayMs }] : [],
  };
}

function due(state: PublishState): PublishStep {
  const { waiting } = state;
  const rest = { ...state, waiting: null };
  if (waiting === null || !isNewer(waiting.position, state.newest?.position))
    return { state: rest, effects: [] };
  const snapshot = snapshotOf(state, waiting);
  // Content that comes back counts as recent, so it moves to the end.
  const others = state.recent.filter(({ hash }) => hash !== snapshot.hash);
  return {
    state: {
      newest: snapshot,
      built: waiting,
      recent: [...others, snapshot].slice(-KEPT_SNAPSHOTS),
      waiting: null,
    },
    effects: [{ type: 'publish', snapshot }],
  };
}

/** With the same state, registrations and answers of DNS, only the position is new. */
function snapshotOf({ newest, built }: PublishState, { state, position, members }: Offer): Snapshot {
  const isBuilt = built?.state === state && haveSameBackends(built.members, members);
  if (newest !== null && isBuilt) return { ...newest, position };
  return buildSnapshot(mergeMembers(state, members).state, position);
}

/** Proxies that come and go change the roster, but nothing that is published. */
function haveSameBackends(members: readonly Member[], others: readonly Member[]): boolean {
  if (members === others) return true;
  const theirs = others.filter(hasBackends);
  const ours = members.filter(hasBackends);
  if (ours.length !== theirs.length) return false;
  return ours.every(
    ({ name, token }, index) => name === theirs[index]?.name && token === theirs[index].token,
  );
}

function hasBackends(member: Member): boolean {
  return isRegistration(member) || isDnsAnswer(member);
}

function isNewer(position: Position, newest: Position | undefined): boolean {
  if (newest === undefined) return true;
  if (position.storeId !== newest.storeId) return takesPlaceOf(position, newest.storeId);
  return position.revision >= newest.revision && position.version > newest.version;
}
