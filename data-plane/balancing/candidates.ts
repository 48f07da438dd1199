/**
 * The candidates of one pool of a plan, as one worker sees them: weights from the plan, health and open connections
 * from shared memory.
 *
 * Invariants
 *  - eligible: weight above 0 and up, where up is `healthy`, or anything in a pool that is not checked;
 *  - panic: when none is eligible so, every candidate of weight above 0 is. A draining or disabled backend has
 *    weight 0 in every plan, so panic never reaches it;
 *  - eligibility is read again, in O(n), at the first question after the pool's epoch moved, and at no other time:
 *    between two moves all answers agree with each other;
 *  - the epoch is read before the health it covers, so a change that is missed moves the epoch again.
 */
import type { PlanPool } from '../plan/plan.ts';
import { HEALTH, type SharedCells, type WorkerCells } from '../telemetry/shared-memory.ts';
import type { Candidates } from './balancer.ts';

// `!` on typed arrays in this file: candidates are below their count, and each pick runs through here.
export class PoolCandidates implements Candidates {
  readonly count: number;
  readonly #pool: PlanPool;
  readonly #shared: Pick<SharedCells, 'health' | 'open' | 'poolEpoch'>;
  readonly #ownOpen: Int32Array;
  readonly #eligible: Uint8Array;
  #epoch = 0;
  #known = false;
  #panic = false;

  constructor(
    pool: PlanPool,
    shared: Pick<SharedCells, 'health' | 'open' | 'poolEpoch'>,
    own: Pick<WorkerCells, 'backendOpen'>,
  ) {
    this.count = pool.rows.length;
    this.#pool = pool;
    this.#shared = shared;
    this.#ownOpen = own.backendOpen;
    this.#eligible = new Uint8Array(this.count);
  }

  /** Row of a candidate in shared memory. */
  row(candidate: number): number {
    return this.#pool.rows[candidate]!;
  }

  weight(candidate: number): number {
    return this.#pool.weights[candidate]!;
  }

  eligible(candidate: number): boolean {
    this.#refresh();
    return this.#eligible[candidate] === 1;
  }

  epoch(): number {
    return Atomics.load(this.#shared.poolEpoch, this.#pool.row);
  }

  /** No candidate of weight above 0 is up, and there is at least one: they are used whatever their health. */
  get panic(): boolean {
    this.#refresh();
    return this.#panic;
  }

  /**
   * A plain read: an aligned cell never tears, each pick reads it anew, and another worker's change that is a few
   * nanoseconds old may be missed by an atomic read as well. It is 8 times as fast, which least_connections needs.
   */
  open(candidate: number): number {
    return this.#shared.open[this.#pool.rows[candidate]!]!;
  }

  reserve(candidate: number): void {
    const row = this.#pool.rows[candidate]!;
    Atomics.add(this.#shared.open, row, 1);
    this.#ownOpen[row]!++;
  }

  unreserve(candidate: number): void {
    const row = this.#pool.rows[candidate]!;
    Atomics.sub(this.#shared.open, row, 1);
    this.#ownOpen[row]!--;
  }

  #refresh(): void {
    const epoch = this.epoch();
    if (this.#known && epoch === this.#epoch) return;
    this.#known = true;
    this.#epoch = epoch;
    const { rows, weights, alwaysUp } = this.#pool;
    let weighted = 0;
    let up = 0;
    for (let candidate = 0; candidate < this.count; candidate++) {
      const takesPart = weights[candidate]! > 0;
      const isUp =
        takesPart && (alwaysUp || Atomics.load(this.#shared.health, rows[candidate]!) === HEALTH.healthy);
      if (takesPart) weighted++;
      if (isUp) up++;
      this.#eligible[candidate] = isUp ? 1 : 0;
    }
    this.#panic = up === 0 && weighted > 0;
    if (!this.#panic) return;
    for (let candidate = 0; candidate < this.count; candidate++) {
      this.#eligible[candidate] = weights[candidate]! > 0 ? 1 : 0;
    }
  }
}
