/** Candidates of a pool in plain arrays: the naive model that strategies are tested against. */
import type { Candidates } from '../../data-plane/balancing/balancer.ts';

export class FakeCandidates implements Candidates {
  readonly weights: number[];
  readonly up: boolean[];
  readonly opened: number[];
  #epoch = 0;
  #anyUp: boolean;

  constructor(weights: readonly number[]) {
    this.weights = [...weights];
    this.up = weights.map(() => true);
    this.opened = weights.map(() => 0);
    this.#anyUp = this.#isAnyUp();
  }

  /** Takes candidates out or back, and says so by a new epoch. */
  set(up: boolean, ...candidates: number[]): void {
    for (const candidate of candidates) this.up[candidate] = up;
    this.#anyUp = this.#isAnyUp();
    this.#epoch++;
  }

  get count(): number {
    return this.weights.length;
  }

  weight(candidate: number): number {
    return this.weights[candidate] ?? 0;
  }

  /** Panic included, as the contract has it. */
  eligible(candidate: number): boolean {
    if (this.weight(candidate) === 0) return false;
    return this.up[candidate] === true || !this.#anyUp;
  }

  epoch(): number {
    return this.#epoch;
  }

  open(candidate: number): number {
    return this.opened[candidate] ?? 0;
  }

  reserve(candidate: number): void {
    this.opened[candidate] = this.open(candidate) + 1;
  }

  unreserve(candidate: number): void {
    this.opened[candidate] = this.open(candidate) - 1;
  }

  #isAnyUp(): boolean {
    return this.weights.some((weight, candidate) => weight > 0 && this.up[candidate]);
  }
}
