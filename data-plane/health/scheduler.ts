/**
 * When each backend is checked. Pure: the health monitor takes what is due and arms one timer for the next check.
 *
 * Invariants
 *  - a row is in the schedule at most once; scheduling it again moves it;
 *  - rows are taken in the order of their times; O(log n) each, no allocation once the heap has grown.
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

/** Rows by the time their next check is due: a binary heap with an index. */
export class CheckSchedule {
  readonly #heap: number[] = [];
  /** By row: its index in the heap. */
  readonly #index = new Map<number, number>();
  readonly #dueMs = new Map<number, number>();

  set(row: number, dueMs: number): void {
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
    const index = this.#index.get(row);
    if (index === undefined) return;
    this.#index.delete(row);
    this.#dueMs.delete(row);
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

  /** When the next one is due; null: nothing is scheduled. */
  nextDueMs(): number | null {
    const first = this.#heap[0];
    return first === undefined ? null : this.dueMs(first);
  }

  /** Removes and returns the row that is due first; null: none is due yet. */
  takeDue(nowMs: number): number | null {
    const first = this.#heap[0];
    if (first === undefined || this.#due(first) > nowMs) return null;
    this.remove(first);
    return first;
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
