/** Cleans up what a worker that died leaves behind: its share of the counts in shared memory, and its descriptors. */
import { CLOSE_REASONS } from '../../../core/wire/close-reasons.ts';
import type { Libc } from '../../kernel/libc.ts';
import {
  CONTROL,
  MAX_BACKENDS,
  MAX_LISTENERS,
  type SharedBuffers,
  sharedCells,
  type WorkerCells,
  workerCells,
} from '../../memory/shared-memory.ts';

const WORKER_LOST = CLOSE_REASONS.indexOf('worker_lost');

export class LostWorkers {
  readonly #buffers: SharedBuffers;
  readonly #libc: Libc | null;
  /** By worker: connections lost so far. */
  readonly #connections: number[] = [];

  constructor(buffers: SharedBuffers, libc: Libc | null) {
    this.#buffers = buffers;
    this.#libc = libc;
  }

  /**
   * Resets a dead worker's connections, subtracts them from what all workers share, and counts them as lost. Returns
   * how many were lost. The thread must be gone: only then may the main thread write its cells.
   */
  takeOut(worker: number): number {
    const own = workerCells(this.#buffers, worker);
    if (this.#libc) closeDescriptors(own, this.#libc);
    const { control, limitOpen, listenerOpen, open } = sharedCells(this.#buffers);
    let connections = 0;
    // `!`: rows and counters lie within the cells.
    for (let row = 0; row < MAX_LISTENERS; row++) {
      const open = own.listenerOpen[row]!;
      if (open === 0) continue;
      connections += open;
      Atomics.sub(listenerOpen, row, open);
      own.listenerClosed[row * CLOSE_REASONS.length + WORKER_LOST]! += open;
      own.listenerOpen[row] = 0;
    }
    for (let row = 0; row < MAX_BACKENDS; row++) {
      const ownOpen = own.backendOpen[row]!;
      if (ownOpen !== 0) Atomics.sub(open, row, ownOpen);
      own.backendOpen[row] = 0;
    }
    for (let entry = 0; entry < limitOpen.length; entry++) {
      const ownOpen = own.limitOpen[entry]!;
      if (ownOpen === 0) continue;
      Atomics.sub(limitOpen, entry, ownOpen);
      own.limitOpen[entry] = 0;
    }
    Atomics.sub(control, CONTROL.connections, connections);
    own.worker[WORKER_LOST]! += connections;
    // If it died of an exception, it may have reset and counted some itself.
    const lost = own.worker[WORKER_LOST]! - (this.#connections[worker] ?? 0);
    this.#connections[worker] = own.worker[WORKER_LOST]!;
    return lost;
  }
}

/**
 * Closes the descriptors of a thread that is gone: sockets with a reset, so that no peer takes partial data for the whole.
 * Listening sockets belong to the main thread.
 */
export function closeDescriptors({ epoll, pipes, sockets }: WorkerCells, libc: Libc): void {
  // Two million cells, nearly all empty: an iterator takes 30 ms for them, this loop a tenth of that.
  for (let index = 0; index < sockets.length; index++) {
    if (sockets[index] === 0) continue;
    libc.reset(sockets[index]!); // `!`: below the length.
    sockets[index] = 0;
  }
  for (const fd of pipes) if (fd !== 0) libc.close(fd);
  pipes.fill(0);
  // `!`: one element.
  if (epoll[0] !== 0) libc.close(epoll[0]!);
  epoll[0] = 0;
}
