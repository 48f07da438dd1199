/**
 * Takes a backend out after failed connects in a row, until its next passing check.
 *
 * Invariants
 *  - only a failure of the backend counts, which the caller sees to (isOwnFailure): running out of local ports does not;
 *  - of all workers, the one whose compareExchange succeeds tells the main thread: once per ejection;
 *  - a backend that is not checked is never taken out: nothing would bring it back.
 */
import { errnoName } from '../kernel/errno.ts';
import type { PlanPool } from '../plan/plan.ts';
import { HEALTH, type SharedCells } from '../memory/shared-memory.ts';
import type { FromWorker } from './protocol.ts';

const FAILURES_IN_A_ROW = 3;

export class PassiveHealth {
  readonly #shared: SharedCells;
  readonly #post: (message: FromWorker) => void;

  constructor(shared: SharedCells, post: (message: FromWorker) => void) {
    this.#shared = shared;
    this.#post = post;
  }

  connected(row: number): void {
    if (Atomics.load(this.#shared.failures, row) !== 0) Atomics.store(this.#shared.failures, row, 0);
  }

  connectFailed(row: number, errno: number, pool: PlanPool): void {
    const { failures, generation, health, poolEpoch } = this.#shared;
    const inARow = Atomics.add(failures, row, 1) + 1;
    if (inARow < FAILURES_IN_A_ROW || pool.alwaysUp) return;
    if (Atomics.compareExchange(health, row, HEALTH.healthy, HEALTH.ejected) !== HEALTH.healthy) return;
    Atomics.add(poolEpoch, pool.row, 1);
    this.#post({
      type: 'ejected',
      row,
      generation: Atomics.load(generation, row),
      reason: `${inARow} failed connects in a row, the last one with ${errnoName(errno)}`,
    });
  }
}
