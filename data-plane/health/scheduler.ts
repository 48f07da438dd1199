/**
 * When to check: the pure part. Whoever runs the checks asks what is due and arms one timer for the next.
 *
 * Invariants
 *  - a row is in the schedule at most once; scheduling it again moves it;
 *  - rows come out in the order of their times; O(log n) each, no allocation once the heap has grown.
 */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Random } from '../../core/runtime/random.ts';
import { type HealthState, isInTransition } from './health-machine.ts';

/** While a backend is on its way up or down, or just taken out. */
const FAST_INTERVAL_MS = 1_000;
/** First checks of more backends than this at once are spread. */
const AT_ONCE = 32;
const JITTER = 0.1;

/** How long the first check of one of `newcomers` backends waits. */
export function firstDelayMs(newcomers: number, check: HealthCheck, random: Random): number {
  return newcomers <= AT_ONCE ? 0 : random.next() * Math.min(check.intervalMs, FAST_INTERVAL_MS);
}

/** From the start of one check to the next: the interval give or take a tenth, so that checks never fall into step. */
export function nextDelayMs(state: HealthState, check: HealthCheck, random: Random): number {
  const intervalMs = isInTransition(state) ? Math.min(check.intervalMs, FAST_INTERVAL_MS) : check.intervalMs;
  return intervalMs * (1 - JITTER + 2 * JITTER * random.next());
}

/** Rows by the time their next check is due: a binary heap that knows where each row stands. */
export class CheckSchedule {
  readonly #heap: number[] = [];
  readonly #place = new Map<number, number>();
  readonly #dueMs = new Map<number, number>();

  set(row: number, dueMs: number): void {
    this.#dueMs.set(row, dueMs);
    let place = this.#place.get(row);
    if (place === undefined) {
      place = this.#heap.length;
      this.#heap.push(row);
    }
    this.#put(row, this.#siftUp(row, place));
    this.#siftDown(row);
  }

  remove(row: number): void {
    const place = this.#place.get(row);
    if (place === undefined) return;
    this.#place.delete(row);
    this.#dueMs.delete(row);
    const last = this.#heap.pop();
    if (last === undefined || last === row) return;
    this.#put(last, this.#siftUp(last, place));
    this.#siftDown(last);
  }

  /** When a row is due; null: it isn't in the schedule. */
  dueMs(row: number): number | null {
    return this.#dueMs.get(row) ?? null;
  }

  /** When the next one is due; null: nothing is scheduled. */
  nextDueMs(): number | null {
    const first = this.#heap[0];
    return first === undefined ? null : this.dueMs(first);
  }

  /** Takes out the row that is due first, if it is due by now; null: none is. */
  takeDue(nowMs: number): number | null {
    const first = this.#heap[0];
    if (first === undefined || this.#due(first) > nowMs) return null;
    this.remove(first);
    return first;
  }

  #due(row: number): number {
    return this.#dueMs.get(row) ?? Number.POSITIVE_INFINITY;
  }

  #put(row: number, place: number): void {
    this.#heap[place] = row;
    this.#place.set(row, place);
  }

  /** The place where a row belongs, on the way up from `place`; the rows in between make room. */
  #siftUp(row: number, from: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above] ?? row;
      if (this.#due(row) >= this.#due(parent)) break;
      this.#put(parent, place);
      place = above;
    }
    return place;
  }

  #siftDown(row: number): void {
    let place = this.#place.get(row) ?? 0;
    for (let child = this.#earlierChild(place); child !== null; child = this.#earlierChild(place)) {
      const below = this.#heap[child] ?? row;
      if (this.#due(row) <= this.#due(below)) break;
      this.#put(below, place);
      place = child;
    }
    this.#put(row, place);
  }

  #earlierChild(place: number): number | null {
    const left = this.#heap[2 * place + 1];
    const right = this.#heap[2 * place + 2];
    if (left === undefined) return null;
    return right !== undefined && this.#due(right) < this.#due(left) ? 2 * place + 2 : 2 * place + 1;
  }
}
