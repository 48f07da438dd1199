/**
 * The candidates of one pool of a plan, as one worker sees them: weights and tiers from the plan, health, slow starts and
 * open connections from shared memory.
 *
 * Invariants
 *  - up: weight above 0 and `healthy`, or any health in a pool that is not checked. A draining or disabled backend has
 *    weight 0 in every plan, so it never serves;
 *  - one tier serves: the first with a candidate that is up; exactly those of it that are up are eligible;
 *  - a candidate never has more open connections than its limit, over all workers. Being full makes it no less eligible:
 *    tiers are about health;
 *  - when none is up at all, nothing is eligible in a pool that refuses then; in others, everything of weight above 0 of
 *    the first tier that has any is;
 *  - eligibility and weights are read again, in O(n), at the first question after the pool's epoch moved, and at no other
 *    time: between two moves all answers agree with each other;
 *  - the epoch is read before the health that it covers, so a change that was missed moves the epoch again.
 */
import type { PlanPool } from '../plan/plan.ts';
import { HEALTH, type SharedCells, type WorkerCells } from '../memory/shared-memory.ts';
import type { Candidates, Tried } from '../balancing/balancer.ts';

/** Above every tier. */
const NO_TIER = 256;
const NO_LIMIT = 0x7fff_ffff;

// `!` on typed arrays in this file: candidates are below their count, and each pick runs through here.
export class PoolCandidates implements Candidates {
  readonly count: number;
  /** Whether the last `reserve` has got a place. */
  reserved = true;
  // Each array in a field of its own: objects that come by message have another shape than those made here, and code
  // that V8 compiled for one (warm-up.ts) must not be thrown away when the other comes.
  readonly #poolRow: number;
  readonly #alwaysUp: boolean;
  readonly #refuses: boolean;
  readonly #rows: Int32Array;
  readonly #planWeights: Uint16Array;
  readonly #tiers: Uint8Array | null;
  readonly #maxConnections: Int32Array | null;
  readonly #poolEpoch: Int32Array;
  readonly #health: Int32Array;
  readonly #rampTenths: Uint8Array;
  readonly #open: Int32Array;
  readonly #ownOpen: Int32Array;
  readonly #eligible: Uint8Array;
  /** Null: nothing was read yet. */
  #epoch: number | null = null;
  /** The weights that count now: the plan's, or `#scaled` while a backend starts slowly. */
  #weights: Uint16Array;
  #scaled: Uint16Array | null = null;

  constructor(
    pool: PlanPool,
    shared: Pick<SharedCells, 'health' | 'rampTenths' | 'open' | 'poolEpoch'>,
    own: Pick<WorkerCells, 'backendOpen'>,
  ) {
    this.count = pool.rows.length;
    this.#poolRow = pool.row;
    this.#alwaysUp = pool.alwaysUp;
    this.#refuses = pool.refuses;
    this.#rows = pool.rows;
    this.#planWeights = pool.weights;
    this.#weights = pool.weights;
    this.#tiers = pool.tiers;
    this.#maxConnections = pool.maxConnections;
    this.#poolEpoch = shared.poolEpoch;
    this.#health = shared.health;
    this.#rampTenths = shared.rampTenths;
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

  /**
   * A plain read: an aligned cell never tears, each pick reads it anew, and another worker's change that is a few
   * nanoseconds old may be missed by an atomic read as well. It is 8 times as fast, which least_connections needs.
   */
  open(candidate: number): number {
    return this.#open[this.#rows[candidate]!]!;
  }

  /** Whether any of them has a limit. */
  get areLimited(): boolean {
    return this.#maxConnections !== null;
  }

  isFull(candidate: number): boolean {
    if (this.#maxConnections === null) return false;
    return Atomics.load(this.#open, this.#rows[candidate]!) >= (this.#maxConnections[candidate]! || NO_LIMIT);
  }

  /** Whether there is an eligible one that is not full, nor in `tried`. O(n). */
  hasRoom(tried?: Tried): boolean {
    for (let candidate = 0; candidate < this.count; candidate++)
      if (this.eligible(candidate) && !this.isFull(candidate) && !tried?.has(candidate)) return true;
    return false;
  }

  /** Whether any is eligible, full or not. O(n). */
  get anyServes(): boolean {
    let candidate = 0;
    while (candidate < this.count && !this.eligible(candidate)) candidate++;
    return candidate < this.count;
  }

  reserve(candidate: number): void {
    const row = this.#rows[candidate]!;
    if (this.#maxConnections === null) Atomics.add(this.#open, row, 1);
    else if (!this.#takePlace(row, this.#maxConnections[candidate]! || NO_LIMIT)) return;
    this.#ownOpen[row]!++;
  }

  unreserve(candidate: number): void {
    const row = this.#rows[candidate]!;
    // The shared count last: once it is zero, the row may be given to another backend.
    this.#ownOpen[row]!--;
    Atomics.sub(this.#open, row, 1);
  }

  /** The count never exceeds the limit, not even for a moment: another worker would see that as full. */
  #takePlace(row: number, most: number): boolean {
    let open = Atomics.load(this.#open, row);
    while (open < most) {
      const before = Atomics.compareExchange(this.#open, row, open, open + 1);
      if (before === open) break;
      open = before;
    }
    this.reserved = open < most;
    return this.reserved;
  }

  #refresh(): void {
    const epoch = this.epoch();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    const weights = this.#planWeights;
    let first = NO_TIER;
    let serving = NO_TIER;
    let isRamping = false;
    for (let candidate = 0; candidate < this.count; candidate++) {
      this.#eligible[candidate] = 0;
      if (weights[candidate] === 0) continue;
      const row = this.#rows[candidate]!;
      const tier = this.#tierOf(candidate);
      first = Math.min(first, tier);
      if (!this.#alwaysUp && Atomics.load(this.#health, row) !== HEALTH.healthy) continue;
      this.#eligible[candidate] = 1;
      serving = Math.min(serving, tier);
      if (this.#rampTenths[row]! > 0) isRamping = true;
    }
    this.#weights = isRamping ? this.#inTenths() : weights;
    if (serving === NO_TIER) {
      if (!this.#refuses) this.#admit(first, weights);
    } else if (this.#tiers !== null) this.#admit(serving, this.#eligible);
  }

  /** Of those that are not 0 in `wanted`, the ones of this tier are eligible. */
  #admit(tier: number, wanted: Uint8Array | Uint16Array): void {
    for (let candidate = 0; candidate < this.count; candidate++) {
      this.#eligible[candidate] = wanted[candidate]! > 0 && this.#tierOf(candidate) === tier ? 1 : 0;
    }
  }

  #tierOf(candidate: number): number {
    return this.#tiers === null ? 0 : this.#tiers[candidate]!;
  }

  /** The weights in whole numbers: ten times as high for those that have all of theirs. */
  #inTenths(): Uint16Array {
    this.#scaled ??= new Uint16Array(this.count);
    for (let candidate = 0; candidate < this.count; candidate++) {
      const tenths = this.#rampTenths[this.#rows[candidate]!] || 10;
      this.#scaled[candidate] = this.#planWeights[candidate]! * tenths;
    }
    return this.#scaled;
  }
}
