/**
 * Counts of the last seconds, several side by side, in a ring with a slot a second. Pure: time is a number of slots.
 *
 * Reports come once a second and never quite on time: a second would get two of them, and the next one none. So what is
 * added is spread over the second up to its moment, and the newest two slots, of which more may still come, are left out of
 * sums. With that a steady rate is seen as steady, one to two seconds late.
 *
 * Invariants
 *  - what is added is in the sum of a window exactly once, from one to two slots after it came until it leaves the window;
 *  - a count that is idle takes no memory: the ring is made when something is added, and dropped when all of it has left.
 */

import type { Counts } from './histogram.ts';

/** Ten seconds: a report more or less changes a rate by a tenth at most, and a change is seen within seconds. */
export const WINDOW_SLOTS = 10;
const RING_SLOTS = WINDOW_SLOTS + 2;

export class SlidingCounts {
  #cells: Float64Array | null = null;
  #newest = 0;
  #width = 0;

  /** Adds `amounts` at the moment `at`, in slots with a fraction. All calls have as many amounts, and moments never go back. */
  add(at: number, amounts: Counts): void {
    const width = amounts.length;
    const slot = Math.floor(at);
    const share = at - slot;
    let first = 0;
    while (first < width && amounts[first] === 0) first += 1;
    if (first === width) return;
    const cells = this.#cells ?? this.#make(slot, width);
    if (slot > this.#newest) this.#advance(cells, slot);
    const now = (slot % RING_SLOTS) * width;
    const before = ((slot - 1) % RING_SLOTS) * width;
    for (let index = first; index < width; index += 1) {
      const amount = amounts[index]!;
      cells[now + index]! += amount * share;
      cells[before + index]! += amount - amount * share;
    }
  }

  /** Adds the counts of the slots `from` to `to`, both included, onto `sums`. False when there is nothing at all. */
  sum(from: number, to: number, sums: number[]): boolean {
    this.#forget(to);
    const cells = this.#cells;
    if (cells === null) return false;
    const width = this.#width;
    const first = Math.max(from, this.#newest - RING_SLOTS + 1);
    for (let slot = first; slot <= Math.min(to, this.#newest); slot += 1) {
      const start = (slot % RING_SLOTS) * width;
      for (let index = 0; index < width; index += 1) sums[index]! += cells[start + index]!;
    }
    return true;
  }

  #make(slot: number, width: number): Float64Array {
    this.#width = width;
    this.#newest = slot;
    this.#cells = new Float64Array(RING_SLOTS * width);
    return this.#cells;
  }

  #advance(cells: Float64Array, slot: number): void {
    const width = this.#width;
    for (let next = Math.max(this.#newest + 1, slot - RING_SLOTS + 1); next <= slot; next += 1) {
      const start = (next % RING_SLOTS) * width;
      cells.fill(0, start, start + width);
    }
    this.#newest = slot;
  }

  /** What was added last lies in `newest` and the slot before it: once both have left, nothing is there. */
  #forget(to: number): void {
    if (this.#cells !== null && to - this.#newest >= WINDOW_SLOTS) this.#cells = null;
  }
}
