/** The deadlines of all slots of a worker: a timing wheel that is read only when something may be due. */
import { TimingWheel } from './timing-wheel.ts';

const TICK_MS = 10;

export class Deadlines {
  readonly #wheel: TimingWheel;
  readonly #expire: (slot: number) => void;
  /** Nothing is due before this. Finding the next deadline reads hundreds of buckets: too many for each event. */
  #quietUntilMs = Number.POSITIVE_INFINITY;

  /** `expire` is called for each slot whose deadline has passed; it may set and cancel any, and must not throw. */
  constructor(nowMs: number, expire: (slot: number) => void) {
    this.#wheel = new TimingWheel(TICK_MS, nowMs);
    this.#expire = expire;
  }

  /** Starts the deadline of a slot, or moves it. */
  set(slot: number, deadlineMs: number): void {
    this.#wheel.set(slot, deadlineMs);
    if (deadlineMs < this.#quietUntilMs) this.#quietUntilMs = deadlineMs;
  }

  cancel(slot: number): void {
    this.#wheel.cancel(slot);
  }

  /** How long to wait for events at most: 0 or more, Infinity when nothing will be due. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#quietUntilMs - nowMs);
  }

  advance(nowMs: number): void {
    if (nowMs < this.#quietUntilMs) return;
    this.#quietUntilMs = Number.POSITIVE_INFINITY;
    this.#wheel.advance(nowMs, this.#expire);
    this.#quietUntilMs = Math.min(this.#quietUntilMs, this.#wheel.nextMs());
  }
}
