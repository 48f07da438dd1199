/**
 * Resets the connections to a backend a part at a time, so that their clients do not all come back at once: what is left
 * of one that was drained, disabled or removed, in the last fifth of its drain timeout.
 *
 * Invariants
 *  - a backend is known by row and generation; becoming active again cancels what is left to do;
 *  - a drain timeout of 0 sets no deadline: such connections may stay forever;
 *  - only time in which this process runs counts (running-time.ts).
 */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import type { SharedCells } from '../../memory/shared-memory.ts';
import type { DirectoryBackend } from '../../plan/plan-directory.ts';
import type { PlanDifference } from '../../plan/plan-difference.ts';
import { afterRunning, stepsOfRunning } from './running-time.ts';
import type { WorkerPool } from './worker-pool.ts';

/** The share of a drain timeout over which its closing is spread. */
const DRAIN_SPREAD = 1 / 5;
const MAX_STEPS = 50;
const SHORTEST_STEP_MS = 20;

export interface BackendClosingsInputs {
  readonly clock: Clock;
  readonly pool: Pick<WorkerPool, 'closeBackend'>;
  readonly shared: Pick<SharedCells, 'open'>;
}

export class BackendClosings {
  readonly #inputs: BackendClosingsInputs;
  readonly #timers = new Map<string, Timer>();

  constructor(inputs: BackendClosingsInputs) {
    this.#inputs = inputs;
  }

  /** Call after a plan was applied, with what it changed. */
  update({ activated, retired }: Pick<PlanDifference, 'activated' | 'retired'>): void {
    for (const backend of activated) this.#cancel(backend, 'drain_deadline');
    for (const { backend, drainTimeoutMs } of retired) {
      this.#cancel(backend, 'drain_deadline');
      if (drainTimeoutMs === 0) continue;
      const spreadMs = drainTimeoutMs * DRAIN_SPREAD;
      const begin = () => this.#close(backend, 'drain_deadline', spreadMs);
      const timer = afterRunning(this.#inputs.clock, drainTimeoutMs - spreadMs, begin);
      this.#timers.set(keyOf(backend, 'drain_deadline'), timer);
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** Closes the connections in equal parts, the last one when `spreadMs` have passed. */
  #close(backend: DirectoryBackend, reason: CloseReason, spreadMs: number): void {
    const { clock, pool, shared } = this.#inputs;
    const { row, generation } = backend;
    const steps = Math.max(1, Math.min(MAX_STEPS, Math.floor(spreadMs / SHORTEST_STEP_MS)));
    // Not more parts than connections: a thousand backends may be drained at once.
    let parts = Math.max(1, Math.min(steps, Atomics.load(shared.open, row)));
    const [allParts, key] = [parts, keyOf(backend, reason)];
    const timer = stepsOfRunning(clock, spreadMs, steps, (stepsLeft) => {
      if (stepsLeft === 0) this.#timers.delete(key);
      const left = Math.ceil((allParts * stepsLeft) / steps);
      if (left === parts) return;
      pool.closeBackend(row, generation, reason, 1 - left / parts);
      parts = left;
    });
    this.#timers.set(key, timer);
  }

  #cancel(backend: DirectoryBackend, reason: CloseReason): void {
    const key = keyOf(backend, reason);
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
  }
}

function keyOf({ row, generation }: DirectoryBackend, reason: CloseReason): string {
  return `${reason} ${row}:${generation}`;
}
