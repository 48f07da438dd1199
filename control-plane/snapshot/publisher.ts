/**
 * Publishes snapshots of what the store holds: a single change at once, a burst of changes together. Performs what
 * publish-machine.ts decides, and keeps its invariants.
 */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { State } from '../../core/model/state.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { Member } from '../store/member-store.ts';
import { NOTHING_PUBLISHED, type PublishEvent, type PublishState, stepPublish } from './publish-machine.ts';

const NOBODY: readonly Member[] = [];

export class Publisher {
  readonly #clock: Clock;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #state: PublishState = NOTHING_PUBLISHED;
  #timer: Timer | null = null;
  #lastBuildMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null until the store has been read. */
  get newest(): Snapshot | null {
    return this.#state.newest;
  }

  /** A recent snapshot by its hash. */
  find(hash: string): Snapshot | null {
    return this.#state.recent.find((snapshot) => snapshot.hash === hash) ?? null;
  }

  /** Calls `listener` with each further snapshot. Returns a way to stop. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The store now holds this. */
  offer(state: State, position: Position, members: readonly Member[] = NOBODY): void {
    const sinceLastBuildMs = this.#clock.nowMs() - this.#lastBuildMs;
    this.#step({ type: 'offered', offer: { state, position, members }, sinceLastBuildMs });
  }

  /** Drops what waits, and publishes nothing more. */
  stop(): void {
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #step(event: PublishEvent): void {
    const { state, effects } = stepPublish(this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === 'arm') {
        this.#timer = this.#clock.after(effect.delayMs, () => this.#step({ type: 'due' }));
      } else {
        this.#lastBuildMs = this.#clock.nowMs();
        for (const listener of this.#listeners) listener(effect.snapshot);
      }
    }
  }
}
