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
import { type Engine, NO_ROW } from '../engine/engine.ts';
import type { PoolQueues } from '../memory/pool-queues.ts';
import type { PlanPool } from '../plan/plan.ts';
import type { ConnectionCounters } from './connection-counters.ts';
import type { ConnectAttempts } from './connection-slots.ts';
import type { PlanRuntime, PoolRuntime } from './plan-runtime.ts';

export interface WaitersInputs {
  /** This worker's number. */
  readonly worker: number;
  readonly queues: PoolQueues;
  readonly counters: Pick<ConnectionCounters, 'waited'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

export class Waiters {
  readonly #inputs: WaitersInputs;
  /** By row of the pool: slots, in the order in which they are served. */
  readonly #slots = new Map<number, Set<number>>();

  constructor(inputs: WaitersInputs) {
    this.#inputs = inputs;
  }

  hasAny(pool: number): boolean {
    return this.#slots.has(pool);
  }

  /** Lets a connection wait, if the queue of its pool has room. `isFirst`: before all others, for it was served before. */
  begin(slot: number, attempt: ConnectAttempts, { pool }: PoolRuntime, isFirst: boolean): boolean {
    const { row, queue } = pool;
    const { clock, queues, worker } = this.#inputs;
    if (queue === null || !queues.join(worker, row, queue.length)) return false;
    attempt.waitsFor = row;
    attempt.waitsSinceMs = clock.nowMs();
    const others = this.#slots.get(row);
    if (others && !isFirst) others.add(slot);
    else this.#slots.set(row, new Set([slot, ...(others ?? [])]));
    return true;
  }

  /** How long it may wait still, and at least a moment. */
  leftMs({ waitsSinceMs }: ConnectAttempts, { queue }: PlanPool): number {
    return Math.max(1, (queue?.timeoutMs ?? 0) - (this.#inputs.clock.nowMs() - waitsSinceMs));
  }

  /** It waits no longer, if it did. */
  end(slot: number, attempt: ConnectAttempts, plan: PlanRuntime | null): void {
    const pool = attempt.waitsFor;
    if (pool === NO_ROW) return;
    const { clock, counters, queues, worker } = this.#inputs;
    attempt.waitsFor = NO_ROW;
    counters.waited(pool, clock.nowMs() - attempt.waitsSinceMs);
    const waiting = this.#slots.get(pool);
    waiting?.delete(slot);
    if (waiting?.size === 0) this.#slots.delete(pool);
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
    for (const [pool, [first = NO_ROW]] of this.#slots) {
      if (plan.poolByRow(pool)?.candidates.hasRoom()) engine.reconsider(first);
    }
  }
}
