/**
 * The candidates of one pool of a plan, as one worker sees them: weights from the plan, health and open connections
 * from shared memory.
 *
 * Invariants
 *  - eligible: weight above 0 and up, where up is `healthy`, or any health in a pool that is not checked;
 *  - panic: when no candidate is eligible, every one of weight above 0 is. A draining or disabled backend has weight 0
 *    in every plan, so panic never includes it;
 *  - eligibility is read again, in O(n), at the first question after the pool's epoch moved, and at no other time:
 *    between two moves all answers agree with each other;
 *  - the epoch is read before the health that it covers, so a change that was missed moves the epoch again.
 */
import type { PlanPool } from '../plan/plan.ts';
import { HEALTH, type SharedCells, type WorkerCells } from '../memory/shared-memory.ts';
import type { Candidates } from '../balancing/balancer.ts';

// `!` on typed arrays in this file: candidates are below their count, and each pick runs through here.
export class PoolCandidates implements Candidates {
  readonly count: number;
  // Each array in a field of its own: objects that come by message have another shape than those made here, and code
  // that V8 compiled for one (warm-up.ts) must not be thrown away when the other comes.
  readonly #poolRow: number;
  readonly #alwaysUp: boolean;
  readonly #rows: Int32Array;
  readonly #weights: Uint16Array;
  readonly #poolEpoch: Int32Array;
  readonly #health: Int32Array;
  readonly #open: Int32Array;
  readonly #ownOpen: Int32Array;
  readonly #eligible: Uint8Array;
  /** Null: nothing was read yet. */
  #epoch: number | null = null;
  #panic = false;

  constructor(
    pool: PlanPool,
    shared: Pick<SharedCells, 'health' | 'open' | 'poolEpoch'>,
    own: Pick<WorkerCells, 'backendOpen'>,
  ) {
    this.count = pool.rows.length;
    this.#poolRow = pool.row;
    this.#alwaysUp = pool.alwaysUp;
    this.#rows = pool.rows;
    this.#weights = pool.weights;
    this.#poolEpoch = shared.poolEpoch;
    this.#health = shared.health;
    this.#open = shared.open;
    this.#ownOpen = own.backendOpen;
    this.#eligible = new Uint8Array(this.count);
  }

  /** Row of a candidate in shared memory. */
  row(candidate: number): number {
    return this.#rows[candidate]!;
  }

  weight(candidate: number): number {
    return this.#weights[candidate]!;
  }

  eligible(candidate: number): boolean {
    this.#refresh();
    return this.#eligible[candidate] === 1;
  }

  epoch(): number {
    return Atomics.load(this.#poolEpoch, this.#poolRow);
  }

  /** There are candidates of weight above 0, and none of them is up: all of them are used. */
  get panic(): boolean {
    this.#refresh();
    return this.#panic;
  }

  /**
   * A plain read: an aligned cell never tears, each pick reads it anew, and another worker's change that is a few
   * nanoseconds old may be missed by an atomic read as well. It is 8 times as fast, which least_connections needs.
   */
  open(candidate: number): number {
    return this.#open[this.#rows[candidate]!]!;
  }

  reserve(candidate: number): void {
    const row = this.#rows[candidate]!;
    Atomics.add(this.#open, row, 1);
    this.#ownOpen[row]!++;
  }

  unreserve(candidate: number): void {
    const row = this.#rows[candidate]!;
    // The shared count last: once it is zero, the row may be given to another backend.
    this.#ownOpen[row]!--;
    Atomics.sub(this.#open, row, 1);
  }

  #refresh(): void {
    const epoch = this.epoch();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    const rows = this.#rows;
    const weights = this.#weights;
    const health = this.#health;
    const alwaysUp = this.#alwaysUp;
    let weighted = 0;
    let up = 0;
    for (let candidate = 0; candidate < this.count; candidate++) {
      const takesPart = weights[candidate]! > 0;
      const isUp = takesPart && (alwaysUp || Atomics.load(health, rows[candidate]!) === HEALTH.healthy);
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
