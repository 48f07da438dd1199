/**
 * The candidates that one connection has tried. Reused for all connections: nothing is allocated, except for the rare
 * connection with more attempts than any before it.
 */
import type { Tried } from './balancer.ts';

/** The maximum of a policy: the first attempt and ten retries. */
const USUAL_CAPACITY = 11;

export class TriedSet implements Tried {
  #candidates = new Int32Array(USUAL_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(candidate: number): boolean {
    for (let at = 0; at < this.#size; at++) if (this.#candidates[at] === candidate) return true;
    return false;
  }

  /** Adds a candidate, unless it is in the set. */
  add(candidate: number): void {
    if (this.has(candidate)) return;
    if (this.#size === this.#candidates.length) {
      const larger = new Int32Array(this.#size * 2);
      larger.set(this.#candidates);
      this.#candidates = larger;
    }
    this.#candidates[this.#size++] = candidate;
  }

  clear(): void {
    this.#size = 0;
  }
}
