/** What a worker that died leaves behind in shared memory. */
import { CLOSE_REASONS } from '../engine/engine.ts';
import type { Libc } from '../engine/libc.ts';
import {
  CONTROL,
  MAX_BACKENDS,
  MAX_LISTENERS,
  type SharedBuffers,
  sharedCells,
  type WorkerCells,
  workerCells,
} from '../telemetry/shared-memory.ts';

const WORKER_LOST = CLOSE_REASONS.indexOf('worker_lost');

/**
 * Resets a dead worker's connections, takes them out of what all workers share, and counts them as closed. Returns how
 * many there were. Its thread must be gone: the main thread is the only writer of its cells now.
 */
export function takeOutLostWorker(buffers: SharedBuffers, worker: number, libc: Libc | null): number {
  const shared = sharedCells(buffers);
  const own = workerCells(buffers, worker);
  if (libc) closeDescriptors(own, libc);
  let connections = 0;
  // `!`: rows lie within the cells.
  for (let row = 0; row < MAX_LISTENERS; row++) {
    connections += own.listenerOpen[row]!;
    own.listenerOpen[row] = 0;
  }
  for (let row = 0; row < MAX_BACKENDS; row++) {
    const open = own.backendOpen[row]!;
    if (open !== 0) Atomics.sub(shared.open, row, open);
    own.backendOpen[row] = 0;
  }
  Atomics.sub(shared.control, CONTROL.connections, connections);
  own.worker[WORKER_LOST]! += connections;
  return connections;
}

/**
 * Closes what a thread that is gone held: sockets with a reset, not an end, so that no peer takes what it got for all
 * there was. Listening sockets are the main thread's own.
 */
export function closeDescriptors({ epoll, pipes, sockets }: WorkerCells, libc: Libc): void {
  for (const [index, fd] of sockets.entries()) {
    if (fd === 0) continue;
    libc.reset(fd);
    sockets[index] = 0;
  }
  for (const fd of pipes) if (fd !== 0) libc.close(fd);
  pipes.fill(0);
  // `!`: one element.
  if (epoll[0] !== 0) libc.close(epoll[0]!);
  epoll[0] = 0;
}
