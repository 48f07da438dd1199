/**
 * Takes a backend out for what clients meet there: failed connects in a row, or connections that it ends before it has
 * sent a byte. The first lasts until its next passing check; how long the second lasts is decided by the health monitor.
 *
 * Invariants
 *  - only a failure of the backend counts, which the caller sees to (isOwnFailure): running out of local ports does not;
 *  - of all workers, the one whose compareExchange succeeds tells the main thread: once per ejection;
 *  - a backend that is not checked is never taken out: nothing would bring it back. Nor is one that is used in panic;
 *  - early closes take a backend out only while another healthy one of its tier has answered and ends none itself. Where
 *    all end connections the clients may be to blame, such as a scanner that speaks another protocol, and where nobody
 *    ever answers an end without a byte is a good one;
 *  - so they never take out the last healthy backend of a tier. Two workers can do so between them in one instant; then
 *    the health monitor puts the second one back;
 *  - a connection to a backend without recent early closes pays for them with one plain read.
 */
import type { PlanPool } from '../plan/plan.ts';
import { BACKEND_COUNTERS, HEALTH, type SharedCells, type WorkerCells } from '../memory/shared-memory.ts';
import type { FromWorker } from './protocol.ts';

/** Failed connects, or early closes, that take a backend out. */
const IN_A_ROW = 3;
/** How many connections are recent. */
const RECENT = 10;
const ANSWERED = BACKEND_COUNTERS.indexOf('answered');

type Ejection = Extract<FromWorker, { type: 'ejected' }>;

export class PassiveHealth {
  readonly #shared: SharedCells;
  readonly #own: Pick<WorkerCells, 'backends'>;
  readonly #post: (message: FromWorker) => void;

  /** Another tier may serve now. */
  readonly #onPoolMoved: (pool: number) => void;

  constructor(
    shared: SharedCells,
    own: Pick<WorkerCells, 'backends'>,
    post: (message: FromWorker) => void,
    onPoolMoved: (pool: number) => void,
  ) {
    this.#onPoolMoved = onPoolMoved;
    this.#shared = shared;
    this.#own = own;
    this.#post = post;
  }

  connected(row: number): void {
    if (Atomics.load(this.#shared.failures, row) !== 0) Atomics.store(this.#shared.failures, row, 0);
  }

  /** `why`: a name of an errno, or words. */
  connectFailed(row: number, why: string, pool: PlanPool): void {
    const inARow = Atomics.add(this.#shared.failures, row, 1) + 1;
    if (inARow < IN_A_ROW) return;
    const reason = `${inARow} failed connects in a row, the last one with ${why}`;
    this.#eject(row, pool, { reason });
  }

  /** A client got a first byte of the backend. */
  answered(row: number): void {
    const { earlyCloses } = this.#shared;
    const before = earlyCloses[row]!; // `!`: a row lies within the cells.
    if (before !== 0) Atomics.compareExchange(earlyCloses, row, before, afterAnswer(before));
  }

  /** The backend ended a connection before it had sent a byte, and not because of the client. */
  closedEarly(row: number, pool: PlanPool): void {
    const { earlyCloses } = this.#shared;
    const before = Atomics.load(earlyCloses, row);
    const now = afterEarlyClose(before, this.#answeredBy(row));
    // Another worker was faster: its connection counts, this one does not.
    if (Atomics.compareExchange(earlyCloses, row, before, now) !== before) return;
    const { inARow, early, answered: good } = unpack(now);
    if (inARow < IN_A_ROW || early < good || !this.#isOtherBetter(row, pool)) return;
    const reason = `it ended ${inARow} connections in a row before it had sent a byte`;
    if (!this.#eject(row, pool, { reason, cause: 'early_closes' })) return;
    // When it is back it is tried as often as before, and no answer of earlier excuses it.
    Atomics.store(earlyCloses, row, pack(0, early, 0));
  }

  #eject(row: number, pool: PlanPool, what: Pick<Ejection, 'reason' | 'cause'>): boolean {
    const { generation, health, poolEpoch } = this.#shared;
    if (pool.alwaysUp) return false;
    if (Atomics.compareExchange(health, row, HEALTH.healthy, HEALTH.ejected) !== HEALTH.healthy) return false;
    Atomics.add(poolEpoch, pool.row, 1);
    this.#onPoolMoved(pool.row);
    this.#post({ type: 'ejected', row, generation: Atomics.load(generation, row), ...what });
    return true;
  }

  /** How many of this worker's clients got a byte of it, since ever. */
  #answeredBy(row: number): number {
    return this.#own.backends[row * BACKEND_COUNTERS.length + ANSWERED]!; // `!`: a row lies within the cells.
  }

  #isOtherBetter(row: number, { rows, tiers, weights }: PlanPool): boolean {
    const { earlyCloses, health } = this.#shared;
    const tier = tiers?.[rows.indexOf(row)] ?? 0;
    return rows.some(
      (other, candidate) =>
        other !== row &&
        weights[candidate] !== 0 &&
        (tiers?.[candidate] ?? 0) === tier &&
        Atomics.load(health, other) === HEALTH.healthy &&
        unpack(Atomics.load(earlyCloses, other)).inARow === 0 &&
        this.#answeredBy(other) > 0,
    );
  }
}

/**
 * What a cell of `earlyCloses` says: early closes in a row, and of the recent connections how many ended so and how many
 * were answered. 0: none ended so, and then answers are not counted.
 */
function unpack(cell: number) {
  return { inARow: cell & 0xff, early: (cell >> 8) & 0xff, answered: cell >> 16 };
}

function pack(inARow: number, early: number, answered: number): number {
  return early === 0 ? 0 : inARow | (early << 8) | (answered << 16);
}

/** `answeredBefore`: since ever. Of the time before a first early close only that is known. */
function afterEarlyClose(cell: number, answeredBefore: number): number {
  const { inARow, early, answered } = unpack(cell);
  const good = cell === 0 ? Math.min(answeredBefore, RECENT / 2) : answered;
  const bad = Math.min(early + 1, RECENT);
  return pack(Math.min(inARow + 1, RECENT), bad, Math.min(good, RECENT - bad));
}

function afterAnswer(cell: number): number {
  const { early, answered } = unpack(cell);
  const isOver = early + answered >= RECENT;
  return isOver ? pack(0, early >> 1, (answered + 1) >> 1) : pack(0, early, answered + 1);
}
