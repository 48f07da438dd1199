/**
 * Publishes a snapshot of what the store holds: at once after a pause, at most every `PAUSE_MS` in a burst.
 *
 * Invariants
 *  - what is published never goes back; the last good snapshot stays when there is nothing newer;
 *  - a version that changed nothing in it is published too, without a build: it may be the one that a proxy waits for;
 *  - at most one build is waiting; changes in between coalesce to the newest state;
 *  - a bounded number of recent snapshots is kept, so that a proxy that comes back gets a delta, not everything.
 */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { State } from '../../core/model/state.ts';
import { takesPlaceOf } from '../../core/model/succession.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { Member } from '../store/membership-store.ts';
import { buildSnapshot } from './build.ts';
import { mergeMembers } from './merge.ts';

/** A build of 10,000 backends takes some 10 ms: in a burst, no more than half the time goes into building. */
const PAUSE_MS = 20;

/** Enough for a proxy that was away during a handful of changes. */
const KEPT_SNAPSHOTS = 16;

interface Offer {
  readonly state: State;
  readonly position: Position;
  readonly members: readonly Member[];
}

const NOBODY: readonly Member[] = [];

export class Publisher {
  readonly #clock: Clock;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  /** By hash, oldest first. */
  readonly #recent = new Map<string, Snapshot>();
  #newest: Snapshot | null = null;
  #waiting: Offer | null = null;
  #built: Offer | null = null;
  #timer: Timer | null = null;
  #lastBuildMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null until the store was read for the first time. */
  get newest(): Snapshot | null {
    return this.#newest;
  }

  /** A recent snapshot by its hash. */
  find(hash: string): Snapshot | null {
    return this.#recent.get(hash) ?? null;
  }

  /** Calls `listener` with each further snapshot. Returns a way to stop. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The store holds this now. */
  offer(state: State, position: Position, members: readonly Member[] = NOBODY): void {
    this.#waiting = { state, position, members };
    if (this.#timer !== null) return;
    const sinceLastMs = this.#clock.nowMs() - this.#lastBuildMs;
    this.#timer = this.#clock.after(Math.max(0, PAUSE_MS - sinceLastMs), () => this.#build());
  }

  /** Drops what waits; nothing is published any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #build(): void {
    this.#timer = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null || !this.#isNewer(waiting.position)) return;
    const snapshot = this.#snapshotOf(waiting);
    this.#built = waiting;
    this.#lastBuildMs = this.#clock.nowMs();
    this.#newest = snapshot;
    this.#keep(snapshot);
    for (const listener of this.#listeners) listener(snapshot);
  }

  #snapshotOf({ state, position, members }: Offer): Snapshot {
    const same = this.#built?.state === state && this.#built.members === members;
    if (same && this.#newest !== null) return { ...this.#newest, position };
    return buildSnapshot(mergeMembers(state, members).state, position);
  }

  #isNewer(position: Position): boolean {
    const newest = this.#newest?.position;
    if (newest === undefined) return true;
    if (position.storeId !== newest.storeId) return takesPlaceOf(position, newest.storeId);
    return position.revision >= newest.revision && position.version > newest.version;
  }

  #keep(snapshot: Snapshot): void {
    // Deleted first, so that a configuration that comes back counts as recent.
    this.#recent.delete(snapshot.hash);
    this.#recent.set(snapshot.hash, snapshot);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > KEPT_SNAPSHOTS && oldest !== undefined) this.#recent.delete(oldest);
  }
}
