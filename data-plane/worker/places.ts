/**
 * Gives a connection a place at a backend, or lets it wait for one, and takes the place back.
 *
 * Invariants
 *  - a place that was taken is released once, and each release wakes one that waits for the pool;
 *  - a connection that finds every backend full waits or is refused. Nobody overtakes those who wait in this worker, but
 *    one that was served before: its backend has failed it;
 *  - one that waits has tried nothing: it takes whatever is free.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import { type Balancer, NO_BACKEND, type PickRequest } from '../balancing/balancer.ts';
import { TriedSet } from '../balancing/tried-set.ts';
import { NO_ROW, WAIT } from '../engine/engine.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { PoolQueues } from '../memory/pool-queues.ts';
import type { SharedCells, WorkerCells } from '../memory/shared-memory.ts';
import type { ConnectionRecords } from './connection-records.ts';
import type { ConnectAttempts, ConnectionSlots } from './connection-slots.ts';
import type { PlanRuntime, PoolRuntime } from './plan-runtime.ts';
import type { PoolCandidates } from './pool-candidates.ts';
import type { Waiters } from './waiters.ts';

/** The delay before the n-th repeated attempt is this × 2^n, of which at least half is waited. */
const REPEAT_DELAY_MS = 100;
/** More than other workers can be faster in a row. */
const PICKS = 64;

export interface PlacesInputs {
  readonly shared: Pick<SharedCells, 'open'>;
  readonly own: Pick<WorkerCells, 'backendOpen'>;
  readonly queues: Pick<PoolQueues, 'wakeNext'>;
  readonly waiters: Waiters;
  /** Null: there is no connection log. */
  readonly records: ConnectionRecords | null;
  readonly clock: Clock;
  readonly random: Random;
}

// `!` on typed arrays in this file: slots are within them.
export class Places {
  plan: PlanRuntime | null = null;
  /** With a row: how long to wait before it is tried. With WAIT: how long to wait at most. */
  delayMs = 0;
  /** With NO_ROW: why. */
  refusal: CloseReason = 'no_backend';
  readonly #inputs: PlacesInputs;
  readonly #slots: ConnectionSlots;
  readonly #request: PickRequest = { sourceHash: 0, nowMs: 0 };
  readonly #tried = new TriedSet();

  constructor(inputs: PlacesInputs, slots: ConnectionSlots) {
    this.#inputs = inputs;
    this.#slots = slots;
  }

  /** Forgets what was said of the connection before. */
  begin(): void {
    this.delayMs = 0;
    this.refusal = 'no_backend';
  }

  /** For a connection that is new to the pool: a row, WAIT or NO_ROW. */
  find(slot: number, attempt: ConnectAttempts, runtime: PoolRuntime): number {
    const { waiters } = this.#inputs;
    const row = waiters.hasAny(runtime.pool.row) ? NO_ROW : this.pick(slot, attempt, runtime, 0);
    return row === NO_ROW ? this.wait(slot, attempt, runtime, false) : row;
  }

  /** A row with a place, reserved; or NO_ROW. */
  pick(
    slot: number,
    attempt: ConnectAttempts,
    { balancer, candidates, pool }: PoolRuntime,
    delayMs: number,
  ): number {
    const nowMs = this.#inputs.clock.nowMs();
    this.#request.sourceHash = attempt.sourceHash;
    this.#request.nowMs = nowMs;
    this.#tried.clear(candidates.areLimited ? candidates : null);
    for (const row of attempt.tried) {
      const candidate = this.plan?.candidateOfRow(row) ?? NO_BACKEND;
      if (candidate !== NO_BACKEND) this.#tried.add(candidate);
    }
    this.#inputs.records?.sentTo(slot, pool.row);
    const candidate = candidates.areLimited
      ? this.#pickWithPlace(balancer, candidates)
      : balancer.pick(this.#request, this.#tried);
    if (candidate === NO_BACKEND) return NO_ROW;
    this.delayMs = delayMs;
    attempt.startedMs = nowMs + delayMs;
    const row = candidates.row(candidate);
    this.#slots.backend[slot] = row;
    this.#slots.pool[slot] = pool.row;
    this.#inputs.records?.attempted(slot, row);
    return row;
  }

  /**
   * There was no row. WAIT if that is because all are full and the queue has room; otherwise NO_ROW. `isFirst`: it was
   * served before.
   */
  wait(slot: number, attempt: ConnectAttempts, runtime: PoolRuntime, isFirst: boolean): number {
    const { candidates, pool } = runtime;
    const { records, waiters } = this.#inputs;
    records?.sentTo(slot, pool.row);
    const isFull = candidates.areLimited && candidates.anyServes;
    if (!isFull && !waiters.hasAny(pool.row)) return NO_ROW;
    this.refusal = 'backend_full';
    return waiters.begin(slot, attempt, runtime, isFirst) ? this.#waitOn(attempt, runtime) : NO_ROW;
  }

  /** All were tried: one of them is tried again, after a while. */
  repeat(slot: number, attempt: ConnectAttempts, pool: PoolRuntime): number {
    attempt.tried.length = 0;
    const step = REPEAT_DELAY_MS * 2 ** attempt.repeats;
    const delayMs = step / 2 + (this.#inputs.random.next() * step) / 2;
    attempt.repeats += 1;
    const row = this.pick(slot, attempt, pool, delayMs);
    return row === NO_ROW ? this.wait(slot, attempt, pool, true) : row;
  }

  /** Whether one that waits may do so in the pool that it is for now. */
  mayWaitOn({ waitsFor }: ConnectAttempts, runtime: PoolRuntime | null): boolean {
    return runtime?.pool.row === waitsFor && runtime.pool.queue !== null;
  }

  /** For one that waits: there may be room now, its pool may be another one, or its time is over (ETIMEDOUT). */
  askAgain(slot: number, attempt: ConnectAttempts, runtime: PoolRuntime | null, errno: number): number {
    const { waiters } = this.#inputs;
    const isOver = errno === ERRNO.timedOut;
    if (!runtime || runtime.pool.row !== attempt.waitsFor) {
      waiters.end(slot, attempt, this.plan);
      return runtime ? this.find(slot, attempt, runtime) : NO_ROW;
    }
    const row = this.pick(slot, attempt, runtime, 0);
    if (row === NO_ROW && !isOver && this.mayWaitOn(attempt, runtime)) return this.#waitOn(attempt, runtime);
    this.refusal = isOver ? 'queue_timeout' : 'backend_full';
    waiters.end(slot, attempt, this.plan);
    return row;
  }

  /** Releases the place, if there is one: through the balancer, or directly when the plan does not name the row. */
  release(slot: number): void {
    const backend = this.#slots.backend[slot]!;
    if (backend === NO_ROW) return;
    this.#slots.backend[slot] = NO_ROW;
    const pool = this.#slots.pool[slot]!;
    const candidate = this.plan?.candidateOfRow(backend) ?? NO_BACKEND;
    const runtime = this.plan?.poolByRow(pool);
    if (runtime && candidate !== NO_BACKEND) {
      runtime.balancer.release(candidate);
    } else {
      // The shared count last: once it is zero, the row may be given to another backend.
      this.#inputs.own.backendOpen[backend]! -= 1;
      Atomics.sub(this.#inputs.shared.open, backend, 1);
    }
    this.#inputs.queues.wakeNext(pool);
  }

  #waitOn(attempt: ConnectAttempts, runtime: PoolRuntime): number {
    const { waiters } = this.#inputs;
    this.delayMs = waiters.leftMs(attempt, runtime.pool);
    // Whoever made room since the pick may not have seen that this one waits.
    waiters.passOn(runtime);
    return WAIT;
  }

  /** The place that was picked may be gone, or another one have come up while the strategy looked. */
  #pickWithPlace(balancer: Balancer, candidates: PoolCandidates): number {
    for (let pick = 0; pick < PICKS; pick++) {
      const candidate = balancer.pick(this.#request, this.#tried);
      if (candidate !== NO_BACKEND && candidates.reserved) return candidate;
      if (candidate === NO_BACKEND && !candidates.hasRoom(this.#tried)) break;
    }
    return NO_BACKEND;
  }
}
