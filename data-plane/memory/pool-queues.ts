/**
 * What all workers know of the connections that wait for a place at a backend of a pool: how many there are, and whose
 * turn it is when a place is free. Every thread has one of these.
 *
 * Who makes room (a release, a backend that is back, another plan) calls `wakeNext`; who begins to wait looks for room
 * once more and calls it too, and so does a worker after each connection that left its queue, with a place or without.
 * Both sides write first and read then, so one of them sees the other: no place stays free while anybody waits, and each
 * place wakes one worker.
 *
 * Invariants
 *  - never more wait than the queue's length, over all workers;
 *  - a worker's own count is written after the shared one at the begin of a wait, and before it at the end;
 *  - workers that have waiting connections are woken in turn.
 */
import { type SharedBuffers, type SharedCells, sharedCells, workerCells } from './shared-memory.ts';

// `!` in this file: worker numbers lie within the list.
export class PoolQueues {
  readonly #shared: SharedCells;
  /** By worker. */
  readonly #waiting: readonly Int32Array[];
  readonly #wake: (worker: number) => void;

  /** `wake` makes a worker look at its queues, also when it is just doing so. */
  constructor(buffers: SharedBuffers, wake: (worker: number) => void) {
    this.#shared = sharedCells(buffers);
    this.#waiting = buffers.perWorker.map((_, worker) => workerCells(buffers, worker).poolWaiting);
    this.#wake = wake;
  }

  /** Over all workers. */
  waiting(pool: number): number {
    return Atomics.load(this.#shared.poolWaiting, pool);
  }

  /** One more of this worker's connections waits. False: as many as may wait do already. */
  join(worker: number, pool: number, length: number): boolean {
    const { poolWaiting } = this.#shared;
    let waiting = Atomics.load(poolWaiting, pool);
    while (waiting < length) {
      const before = Atomics.compareExchange(poolWaiting, pool, waiting, waiting + 1);
      if (before === waiting) break;
      waiting = before;
    }
    if (waiting >= length) return false;
    Atomics.add(this.#waiting[worker]!, pool, 1);
    return true;
  }

  leave(worker: number, pool: number): void {
    Atomics.sub(this.#waiting[worker]!, pool, 1);
    Atomics.sub(this.#shared.poolWaiting, pool, 1);
  }

  /** There may be room: has the next worker look whose connections wait, if any do. */
  wakeNext(pool: number): void {
    if (this.waiting(pool) <= 0) return;
    const { poolWoken } = this.#shared;
    const last = Atomics.load(poolWoken, pool);
    for (let step = 1; step <= this.#waiting.length; step++) {
      const worker = (last + step) % this.#waiting.length;
      if (Atomics.load(this.#waiting[worker]!, pool) <= 0) continue;
      Atomics.store(poolWoken, pool, worker);
      this.#wake(worker);
      return;
    }
  }

  /** A worker's thread is gone: nothing of it waits any more, and what it held is free. */
  lost(worker: number): void {
    const own = this.#waiting[worker]!;
    for (const [pool, waiting] of own.entries()) {
      if (waiting === 0) continue;
      Atomics.store(own, pool, 0);
      Atomics.sub(this.#shared.poolWaiting, pool, waiting);
    }
    for (let pool = 0; pool < own.length; pool++) this.wakeNext(pool);
  }
}
