/** What a worker that died leaves behind in shared memory. */
import { CLOSE_REASONS } from '../engine/engine.ts';
import {
  CONTROL,
  MAX_BACKENDS,
  MAX_LISTENERS,
  type SharedBuffers,
  sharedCells,
  workerCells,
} from '../telemetry/shared-memory.ts';

const WORKER_LOST = CLOSE_REASONS.indexOf('worker_lost');

/**
 * Takes a dead worker's connections out of what all workers share, and counts them as closed. Returns how many there
 * were. Its thread must be gone: the main thread is the only writer of its cells now.
 */
export function takeOutLostWorker(buffers: SharedBuffers, worker: number): number {
  const shared = sharedCells(buffers);
  const own = workerCells(buffers, worker);
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
