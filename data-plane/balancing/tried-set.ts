/**
 * The candidates that one connection has tried, and those that are full, which to a strategy are the same. Reused for all
 * connections: nothing is allocated, except for the rare connection with more attempts than any before it.
 */
import type { Tried } from './balancer.ts';

interface Limits {
  isFull(candidate: number): boolean;
}

/** The maximum of a policy: the first attempt and ten retries. */
const USUAL_CAPACITY = 11;

export class TriedSet implements Tried {
  /** Says which are full; null: none can be. */
  limits: Limits | null = null;
  #candidates = new Int32Array(USUAL_CAPACITY);
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0 && this.limits === null;
  }

  has(candidate: number): boolean {
    for (let at = 0; at < this.#size; at++) if (this.#candidates[at] === candidate) return true;
    return this.limits !== null && this.limits.isFull(candidate);
  }

  add(candidate: number): void {
    if (this.#size === this.#candidates.length) {
      const larger = new Int32Array(this.#size * 2);
      larger.set(this.#candidates);
      this.#candidates = larger;
    }
    this.#candidates[this.#size++] = candidate;
  }

  /** Starts over for a connection to candidates with these limits. */
  clear(limits: Limits | null = null): void {
    this.limits = limits;
    this.#size = 0;
  }
}
