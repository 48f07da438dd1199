/**
 * Resets the connections to a backend a part at a time, so that their clients do not all come back at once: what is left
 * of one that was drained, disabled or removed, in the last fifth of its drain timeout; and all of one whose checks
 * failed, if the policy says so.
 *
 * Invariants
 *  - a backend is known by row and generation; becoming active, or healthy, again cancels what is left to do;
 *  - a drain timeout of 0 sets no deadline: such connections may stay forever;
 *  - where at most one backend serves, there is no second in which some clients are still on the old one: all connections
 *    to a backend that failed are reset at once;
 *  - only time in which this process runs counts (running-time.ts).
 */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import type { Health } from '../../../core/model/resources.ts';
import { HEALTH, type SharedCells } from '../../memory/shared-memory.ts';
import {
  type DirectoryBackend,
  type DirectoryPool,
  type PlanDirectory,
  takesConnections,
} from '../../plan/plan-directory.ts';
import type { PlanDifference } from '../../plan/plan-difference.ts';
import { afterRunning, stepsOfRunning } from './running-time.ts';
import type { WorkerPool } from './worker-pool.ts';

/** The share of a drain timeout over which its closing is spread. */
const DRAIN_SPREAD = 1 / 5;
/** How long the clients of a backend that failed are given to come back one after the other. */
const DOWN_SPREAD_MS = 1_000;
const MAX_STEPS = 50;
const SHORTEST_STEP_MS = 20;

export interface BackendClosingsInputs {
  readonly clock: Clock;
  readonly pool: Pick<WorkerPool, 'closeBackend'>;
  readonly shared: Pick<SharedCells, 'health' | 'open'>;
}

export class BackendClosings {
  readonly #inputs: BackendClosingsInputs;
  readonly #timers = new Map<string, Timer>();
  /** By name: those whose policy says `on_unhealthy: close`. */
  #closingPools = new Map<string, DirectoryPool>();

  constructor(inputs: BackendClosingsInputs) {
    this.#inputs = inputs;
  }

  /** Call after a plan was applied, with what it changed. */
  update(
    { activated, retired }: Pick<PlanDifference, 'activated' | 'retired'>,
    { pools }: Pick<PlanDirectory, 'pools'>,
  ): void {
    const closing = pools.filter(({ policy }) => policy.onUnhealthy === 'close');
    this.#closingPools = new Map(closing.map((pool) => [pool.name, pool]));
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

  /** Call when the health of a backend has changed, and the workers can see it. */
  healthChanged(poolName: string, address: string, health: Health): void {
    const pool = this.#closingPools.get(poolName);
    const backend = pool?.backends.find((each) => each.address === address);
    // What leads back to a listener is not checked, and its connections end with its drain.
    if (!pool || !backend || backend.leadsBack !== null) return;
    // New connections may be among those to a backend that is healthy again.
    if (health === 'healthy' || health === 'unhealthy') this.#cancel(backend, 'backend_down');
    if (health !== 'unhealthy') return;
    const isSpread = servingBackends(pool, this.#inputs.shared.health) > 1;
    this.#close(backend, 'backend_down', isSpread ? DOWN_SPREAD_MS : 0);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** Closes the connections in equal parts, the last one when `spreadMs` have passed. */
  #close(backend: DirectoryBackend, reason: CloseReason, spreadMs: number): void {
    const { clock, pool, shared } = this.#inputs;
    const { row, generation } = backend;
    if (spreadMs === 0) return pool.closeBackend(row, generation, reason, 1);
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

/** How many backends serve: the healthy ones of the first tier that has any. */
function servingBackends({ backends }: DirectoryPool, health: Int32Array): number {
  const up = backends.filter(
    (backend) => backend.weight > 0 && takesConnections(backend) && health[backend.row] === HEALTH.healthy,
  );
  const tier = Math.min(...up.map((backend) => backend.tier));
  return up.filter((backend) => backend.tier === tier).length;
}

function keyOf({ row, generation }: DirectoryBackend, reason: CloseReason): string {
  return `${reason} ${row}:${generation}`;
}
