/**
 * What a worker writes down of its connections, in cells of shared memory that it alone writes.
 *
 * Invariant: a cell grows by whole events only, so that a reader on another thread is one event late at most.
 */
import { CLOSE_REASONS, type CloseReason } from '../engine/engine.ts';
import {
  BACKEND_COUNTERS,
  CONNECT_SECONDS,
  DURATION_SECONDS,
  HISTOGRAM_CELLS,
  LISTENER_COUNTERS,
  type WorkerCells,
} from '../telemetry/shared-memory.ts';

const BACKEND_WIDTH = BACKEND_COUNTERS.length;
const LISTENER_WIDTH = LISTENER_COUNTERS.length;
const CONNECTIONS = BACKEND_COUNTERS.indexOf('connections');
const CONNECT_FAILURES = BACKEND_COUNTERS.indexOf('connectFailures');
const BYTES_TO_BACKEND = BACKEND_COUNTERS.indexOf('bytesToBackend');
const BYTES_FROM_BACKEND = BACKEND_COUNTERS.indexOf('bytesFromBackend');
const ACCEPTED = LISTENER_COUNTERS.indexOf('accepted');
const BYTES_FROM_CLIENTS = LISTENER_COUNTERS.indexOf('bytesFromClients');
const BYTES_TO_CLIENTS = LISTENER_COUNTERS.indexOf('bytesToClients');

// `!` in this file: rows and indexes lie within the cells, and this runs for each connection.
export class Accounts {
  readonly #cells: WorkerCells;

  constructor(cells: WorkerCells) {
    this.#cells = cells;
  }

  accepted(listener: number): void {
    this.#cells.listenerOpen[listener]! += 1;
    this.#cells.listeners[listener * LISTENER_WIDTH + ACCEPTED]! += 1;
  }

  established(backend: number, pool: number, connectMs: number): void {
    this.#cells.backends[backend * BACKEND_WIDTH + CONNECTIONS]! += 1;
    observe(this.#cells.connectSeconds, pool, CONNECT_SECONDS, connectMs / 1_000);
  }

  connectFailed(backend: number): void {
    this.#cells.backends[backend * BACKEND_WIDTH + CONNECT_FAILURES]! += 1;
  }

  bytes(backend: number, listener: number, toBackend: number, toClient: number): void {
    const { backends, listeners } = this.#cells;
    backends[backend * BACKEND_WIDTH + BYTES_TO_BACKEND]! += toBackend;
    backends[backend * BACKEND_WIDTH + BYTES_FROM_BACKEND]! += toClient;
    listeners[listener * LISTENER_WIDTH + BYTES_FROM_CLIENTS]! += toBackend;
    listeners[listener * LISTENER_WIDTH + BYTES_TO_CLIENTS]! += toClient;
  }

  closed(listener: number, reason: CloseReason, durationMs: number): void {
    this.#cells.worker[CLOSE_REASONS.indexOf(reason)]! += 1;
    observe(this.#cells.durationSeconds, listener, DURATION_SECONDS, durationMs / 1_000);
    this.#cells.listenerOpen[listener]! -= 1;
  }
}

/** One bucket, and the sum in the last cell. */
function observe(cells: Float64Array, row: number, bounds: readonly number[], seconds: number): void {
  let bucket = 0;
  while (bucket < bounds.length && seconds > bounds[bucket]!) bucket += 1;
  cells[row * HISTOGRAM_CELLS + bucket]! += 1;
  cells[row * HISTOGRAM_CELLS + HISTOGRAM_CELLS - 1]! += seconds;
}
