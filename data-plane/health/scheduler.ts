/**
 * When each backend is checked. Pure: the health monitor takes what is due and arms one timer for the next check.
 *
 * Invariants
 *  - a row is in the schedule at most once; scheduling it again moves it;
 *  - rows are taken in the order of their times, except that a pool without a share waits for one, and holds nobody up;
 *    O(log n) each, no allocation once the heap has grown.
 */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Random } from '../../core/runtime/random.ts';
import { type HealthState, isInTransition } from './health-machine.ts';

/** For a backend between two states, or ejected. */
const FAST_INTERVAL_MS = 1_000;
/** If more backends than this are new at once, their first checks are spread over time. */
const AT_ONCE = 32;
const JITTER = 0.1;

/** How long the first check of one of `newcomers` backends is delayed. */
export function firstDelayMs(newcomers: number, check: HealthCheck, random: Random): number {
  return newcomers <= AT_ONCE ? 0 : random.next() * Math.min(check.intervalMs, FAST_INTERVAL_MS);
}

/** From the start of one check to the next: the interval plus or minus a tenth, so that checks never synchronize. */
export function nextDelayMs(state: HealthState, check: HealthCheck, random: Random): number {
  const intervalMs = isInTransition(state) ? Math.min(check.intervalMs, FAST_INTERVAL_MS) : check.intervalMs;
  return intervalMs * (1 - JITTER + 2 * JITTER * random.next());
}

/**
 * Whether a pool may begin one more check while `free` of all checks that may run at once are left. Many silent backends
 * hold a check each for seconds: a pool full of them takes four fifths, two take four ninths each, and however many there
 * are, the next check of a pool with none goes first.
 */
export function hasShare(running: number, free: number): boolean {
  return running < 4 * free;
}

/** Rows by the time their next check is due: a binary heap with an index. */
export class CheckSchedule {
  readonly #heap: number[] = [];
  /** By row: its index in the heap. */
  readonly #index = new Map<number, number>();
  readonly #dueMs = new Map<number, number>();
  readonly #poolOf = new Map<number, string>();
  /** By pool: rows that were due when their pool had no share, in the order of their times. They are not in the heap. */
  readonly #held = new Map<string, Set<number>>();

  set(row: number, dueMs: number, pool: string): void {
    if (this.#isHeld(row)) return;
    this.#poolOf.set(row, pool);
    this.#dueMs.set(row, dueMs);
    let index = this.#index.get(row);
    if (index === undefined) {
      index = this.#heap.length;
      this.#heap.push(row);
    }
    this.#put(row, this.#siftUp(row, index));
    this.#siftDown(row);
  }

  remove(row: number): void {
    this.#dueMs.delete(row);
    this.#letGo(row);
    this.#takeOut(row);
    this.#poolOf.delete(row);
  }

  #isHeld(row: number): boolean {
    return this.#held.get(this.#poolOf.get(row) ?? '')?.has(row) ?? false;
  }

  #letGo(row: number): void {
    const pool = this.#poolOf.get(row) ?? '';
    const held = this.#held.get(pool);
    held?.delete(row);
    if (held?.size === 0) this.#held.delete(pool);
  }

  #takeOut(row: number): void {
    const index = this.#index.get(row);
    if (index === undefined) return;
    this.#index.delete(row);
    const last = this.#heap.pop();
    if (last === undefined || last === row) return;
    this.#put(last, this.#siftUp(last, index));
    this.#siftDown(last);
  }

  /** When a row is due; null: it isn't scheduled. */
  dueMs(row: number): number | null {
    return this.#dueMs.get(row) ?? null;
  }

  #due(row: number): number {
    return this.#dueMs.get(row) ?? Number.POSITIVE_INFINITY;
  }

  /** When the next one is due, apart from those that wait for their pool's share; null: nothing is scheduled. */
  nextDueMs(): number | null {
    const first = this.#heap[0];
    return first === undefined ? null : this.dueMs(first);
  }

  /** Removes and returns the row that is due first in a pool that `mayStart`; null: none is due yet. */
  takeDue(nowMs: number, mayStart: (pool: string) => boolean): number | null {
    for (const [pool, [first]] of this.#held) {
      if (first === undefined || !mayStart(pool)) continue;
      this.remove(first);
      return first;
    }
    for (let first = this.#heap[0]; first !== undefined && this.#due(first) <= nowMs; first = this.#heap[0]) {
      const pool = this.#poolOf.get(first) ?? '';
      if (mayStart(pool)) {
        this.remove(first);
        return first;
      }
      this.#takeOut(first);
      this.#held.set(pool, (this.#held.get(pool) ?? new Set()).add(first));
    }
    return null;
  }

  #put(row: number, index: number): void {
    this.#heap[index] = row;
    this.#index.set(row, index);
  }

  /** The index where a row belongs, on the way up from `index`; the rows in between make room. */
  #siftUp(row: number, from: number): number {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above] ?? row;
      if (this.#due(row) >= this.#due(parent)) break;
      this.#put(parent, index);
      index = above;
    }
    return index;
  }

  #siftDown(row: number): void {
    let index = this.#index.get(row) ?? 0;
    for (let child = this.#earlierChild(index); child !== null; child = this.#earlierChild(index)) {
      const below = this.#heap[child] ?? row;
      if (this.#due(row) <= this.#due(below)) break;
      this.#put(below, index);
      index = child;
    }
    this.#put(row, index);
  }

  #earlierChild(index: number): number | null {
    const left = this.#heap[2 * index + 1];
    const right = this.#heap[2 * index + 2];
    if (left === undefined) return null;
    return right !== undefined && this.#due(right) < this.#due(left) ? 2 * index + 2 : 2 * index + 1;
  }
}
