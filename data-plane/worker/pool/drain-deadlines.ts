/**
 * Closes the remaining connections to backends that were drained, disabled or removed, when the drain timeout of their
 * policy has passed.
 *
 * Invariants
 *  - a backend, known by row and generation, has at most one deadline; becoming active again cancels it;
 *  - a timeout of 0 sets no deadline: such connections may stay forever.
 */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';
import type { DirectoryBackend } from '../../plan/plan-directory.ts';
import type { PlanDifference } from '../../plan/plan-difference.ts';
import { afterRunning } from './running-time.ts';
import type { WorkerPool } from './worker-pool.ts';

export class DrainDeadlines {
  readonly #clock: Clock;
  readonly #pool: Pick<WorkerPool, 'closeBackend'>;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock, pool: Pick<WorkerPool, 'closeBackend'>) {
    this.#clock = clock;
    this.#pool = pool;
  }

  /** Call after a plan was applied, with what it changed. */
  update({ activated, retired }: Pick<PlanDifference, 'activated' | 'retired'>): void {
    for (const backend of activated) this.#cancel(backend);
    for (const { backend, drainTimeoutMs } of retired) {
      this.#cancel(backend);
      if (drainTimeoutMs > 0) this.#start(backend, drainTimeoutMs);
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #start(backend: DirectoryBackend, drainTimeoutMs: number): void {
    const timer = afterRunning(this.#clock, drainTimeoutMs, () => {
      this.#timers.delete(keyOf(backend));
      this.#pool.closeBackend(backend.row, backend.generation, 'drain_deadline', 1);
    });
    this.#timers.set(keyOf(backend), timer);
  }

  #cancel(backend: DirectoryBackend): void {
    this.#timers.get(keyOf(backend))?.cancel();
    this.#timers.delete(keyOf(backend));
  }
}

function keyOf({ row, generation }: DirectoryBackend): string {
  return `${row}:${generation}`;
}
