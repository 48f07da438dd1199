/**
 * How long a proxy waits before it moves to a fresher replica. Many find out at once that theirs is stale, and a store
 * that comes and goes makes them find out again and again: so the first wait is drawn from a few seconds, and each
 * further one soon after from twice as long, with a floor.
 */
import { type Random, randomBetween } from '../../core/runtime/random.ts';

const FIRST_MS = 4_000;
const MOST_MS = 64_000;
/** So long without a move, and the next one counts as the first. */
const CALM_MS = 5 * 60_000;

export class MovePace {
  readonly #random: Random;
  #longestMs = FIRST_MS;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(random: Random) {
    this.#random = random;
  }

  /** In milliseconds; `nowMs` is when the move was found to be worth it. */
  nextMs(nowMs: number): number {
    const calm = nowMs - this.#lastMs > CALM_MS;
    this.#lastMs = nowMs;
    this.#longestMs = calm ? FIRST_MS : Math.min(this.#longestMs * 2, MOST_MS);
    return randomBetween(this.#random, calm ? 0 : this.#longestMs / 2, this.#longestMs);
  }
}
