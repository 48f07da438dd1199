/**
 * Several counts over the last seconds, in a ring with one bucket per second. Pure: time is a number of seconds.
 *
 * Reports come once a second but never exactly on time, so one second could get two of them and the next one none.
 * Therefore an amount is spread over the second before its time, and sums leave out the newest two seconds, which may still
 * get more. A steady rate is then shown as steady, one to two seconds late.
 *
 * Invariants
 *  - an amount is in the sum of a window exactly once, from one to two seconds after it was added until it leaves the window;
 *  - an idle count takes no memory: the ring is made when something is added, and dropped when all of it has left.
 */
import type { Counts } from './histogram.ts';

/** Ten seconds: one report more or less changes a rate by at most a tenth, and a change shows within seconds. */
export const WINDOW_SECONDS = 10;
const RING_SECONDS = WINDOW_SECONDS + 2;

export class SlidingCounts {
  #cells: Float64Array | null = null;
  #newest = 0;
  #width = 0;

  /** Adds `amounts` at the time `at`, in seconds with a fraction. Every call has equally many amounts; time never goes back. */
  add(at: number, amounts: Counts): void {
    const width = amounts.length;
    const second = Math.floor(at);
    const share = at - second;
    let first = 0;
    while (first < width && amounts[first] === 0) first += 1;
    if (first === width) return;
    const cells = this.#cells ?? this.#make(second, width);
    if (second > this.#newest) this.#advance(cells, second);
    const now = (second % RING_SECONDS) * width;
    const before = ((second - 1) % RING_SECONDS) * width;
    for (let index = first; index < width; index += 1) {
      const amount = amounts[index]!;
      cells[now + index]! += amount * share;
      cells[before + index]! += amount - amount * share;
    }
  }

  /** Adds the counts of the seconds `from` to `to`, both included, to `sums`. Returns false if there are none. */
  sum(from: number, to: number, sums: number[]): boolean {
    this.#forget(to);
    const cells = this.#cells;
    if (cells === null) return false;
    const width = this.#width;
    const first = Math.max(from, this.#newest - RING_SECONDS + 1);
    for (let second = first; second <= Math.min(to, this.#newest); second += 1) {
      const start = (second % RING_SECONDS) * width;
      for (let index = 0; index < width; index += 1) sums[index]! += cells[start + index]!;
    }
    return true;
  }

  #make(second: number, width: number): Float64Array {
    this.#width = width;
    this.#newest = second;
    this.#cells = new Float64Array(RING_SECONDS * width);
    return this.#cells;
  }

  #advance(cells: Float64Array, second: number): void {
    const width = this.#width;
    for (let next = Math.max(this.#newest + 1, second - RING_SECONDS + 1); next <= second; next += 1) {
      const start = (next % RING_SECONDS) * width;
      cells.fill(0, start, start + width);
    }
    this.#newest = second;
  }

  /** The newest amount is in the second `newest` and the one before, so the ring is empty once both have left the window. */
  #forget(to: number): void {
    if (this.#cells !== null && to - this.#newest >= WINDOW_SECONDS) this.#cells = null;
  }
}
