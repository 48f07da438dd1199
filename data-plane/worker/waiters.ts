/**
 * The connections of this worker that wait until a backend of their pool has room: first come, first served. Between the
 * workers the turn goes round (memory/pool-queues.ts).
 *
 * Invariants
 *  - a connection waits in one queue at most, and is counted there once: from `begin` to `end`;
 *  - one is asked for each time that this worker is woken; what is free then beyond that wakes the next worker;
 *  - whoever begins to wait, or ends it, looks for room once more, so that no place stays free for want of a wake-up.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { PoolQueues } from '../memory/pool-queues.ts';
import type { PlanPool } from '../plan/plan.ts';
import type { ConnectionCounters } from './connection-counters.ts';
import type { PlanRuntime, PoolRuntime } from './plan-runtime.ts';
import { WaitingList } from './waiting-list.ts';

export interface WaitersInputs {
  /** This worker's number. */
  readonly worker: number;
  readonly queues: PoolQueues;
  readonly counters: Pick<ConnectionCounters, 'waited'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

export class Waiters {
  readonly #inputs: WaitersInputs;
  readonly #list = new WaitingList();

  constructor(inputs: WaitersInputs) {
    this.#inputs = inputs;
  }

  /** Row of the pool that a connection waits for; -1: it does not wait. */
  poolOf(slot: number): number {
    return this.#list.poolOf(slot);
  }

  hasAny(pool: number): boolean {
    return this.#list.hasAny(pool);
  }

  /** Lets a connection wait, if the queue of its pool has room. `isFirst`: before all others, for it was served before. */
  begin(slot: number, runtime: PoolRuntime, isFirst: boolean): boolean {
    const { row, queue } = runtime.pool;
    const { clock, queues, worker } = this.#inputs;
    if (queue === null || !queues.join(worker, row, queue.length)) return false;
    this.#list.add(slot, row, clock.nowMs(), isFirst);
    return true;
  }

  /** How long it may wait still, and at least a moment. */
  leftMs(slot: number, { queue }: PlanPool): number {
    const waitedMs = this.#inputs.clock.nowMs() - this.#list.sinceMs(slot);
    return Math.max(1, (queue?.timeoutMs ?? 0) - waitedMs);
  }

  /** It waits no longer, if it did. */
  end(slot: number, plan: PlanRuntime | null): void {
    const pool = this.#list.poolOf(slot);
    if (pool < 0) return;
    const { clock, counters, queues, worker } = this.#inputs;
    counters.waited(pool, clock.nowMs() - this.#list.sinceMs(slot));
    this.#list.remove(slot);
    queues.leave(worker, pool);
    const runtime = plan?.poolByRow(pool);
    if (runtime) this.passOn(runtime);
    else queues.wakeNext(pool);
  }

  /** Wakes the next worker if anything waits for a pool that has room. */
  passOn({ candidates, pool }: PoolRuntime): void {
    const { queues } = this.#inputs;
    if (queues.waiting(pool.row) > 0 && candidates.hasRoom()) queues.wakeNext(pool.row);
  }

  /** This worker was woken: asks for the first of each queue that there may be room for. */
  serve(plan: PlanRuntime, engine: Pick<Engine, 'reconsider'>): void {
    for (const pool of this.#list.pools()) {
      if (plan.poolByRow(pool)?.candidates.hasRoom()) engine.reconsider(this.#list.first(pool));
    }
  }
}
