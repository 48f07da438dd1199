/**
 * The connections of a worker that wait for a place at a backend, by pool, in the order in which they came: lists linked
 * through arrays, so waiting takes no object, and one leaves from the middle as fast as from the end.
 */
import { MAX_SLOTS } from '../memory/shared-memory.ts';

/** No slot. */
const NONE = -1;

interface List {
  first: number;
  last: number;
}

// `!` on typed arrays in this file: a slot is within them. They hold a number plus one, since 0 is none.
export class WaitingList {
  readonly #sinceMs = new Float64Array(MAX_SLOTS);
  readonly #pool = new Int32Array(MAX_SLOTS);
  readonly #next = new Int32Array(MAX_SLOTS);
  readonly #before = new Int32Array(MAX_SLOTS);
  /** By row of the pool. */
  readonly #lists = new Map<number, List>();

  /** Row of the pool that a connection waits for; -1: it does not wait. */
  poolOf(slot: number): number {
    return this.#pool[slot]! - 1;
  }

  hasAny(pool: number): boolean {
    return this.#lists.has(pool);
  }

  /** Whose turn it is; -1: nothing waits. */
  first(pool: number): number {
    return this.#lists.get(pool)?.first ?? NONE;
  }

  sinceMs(slot: number): number {
    return this.#sinceMs[slot]!;
  }

  /** The pools that something waits for. One may end while they are walked through. */
  pools(): Iterable<number> {
    return this.#lists.keys();
  }

  /** `isFirst`: it comes before all others, because it was here before. */
  add(slot: number, pool: number, nowMs: number, isFirst: boolean): void {
    this.#sinceMs[slot] = nowMs;
    this.#pool[slot] = pool + 1;
    const list = this.#lists.get(pool);
    if (!list) {
      this.#lists.set(pool, { first: slot, last: slot });
      this.#link(NONE, slot);
      this.#link(slot, NONE);
    } else if (isFirst) {
      this.#link(NONE, slot);
      this.#link(slot, list.first);
      list.first = slot;
    } else {
      this.#link(list.last, slot);
      this.#link(slot, NONE);
      list.last = slot;
    }
  }

  remove(slot: number): void {
    const pool = this.poolOf(slot);
    const list = this.#lists.get(pool);
    if (!list) return;
    const before = this.#before[slot]! - 1;
    const next = this.#next[slot]! - 1;
    this.#link(before, next);
    if (list.first === slot) list.first = next;
    if (list.last === slot) list.last = before;
    if (list.first === NONE) this.#lists.delete(pool);
    this.#pool[slot] = 0;
  }

  #link(before: number, next: number): void {
    if (before !== NONE) this.#next[before] = next + 1;
    if (next !== NONE) this.#before[next] = before + 1;
  }
}
