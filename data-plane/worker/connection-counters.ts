/**
 * Counts a worker's connections, in cells of shared memory that this worker alone writes.
 *
 * Invariants
 *  - a cell grows by whole events only, so that a reader on another thread is at most one event behind;
 *  - a row is written only while the connection holds it: callers count first and release afterwards, since a row
 *    that nothing uses may be given away at once;
 *  - nothing is allocated, and the bucket of a duration is looked up once, however many rows it is counted in.
 */
import { NO_ROW } from '../engine/engine.ts';
import { CLOSE_REASONS, type CloseReason } from '../../core/wire/close-reasons.ts';
import {
  BACKEND_COUNTERS,
  CONNECT_SECONDS,
  DURATION_SECONDS,
  FIRST_BYTE_SECONDS,
  type HANDSHAKES,
  HISTOGRAM_CELLS,
  LISTENER_COUNTERS,
  QUEUE_SECONDS,
  WORKER_COUNTERS,
  type WorkerCells,
} from '../memory/shared-memory.ts';

const BACKEND_WIDTH = BACKEND_COUNTERS.length;
const LISTENER_WIDTH = LISTENER_COUNTERS.length;
const CONNECTIONS = BACKEND_COUNTERS.indexOf('connections');
const CONNECT_FAILURES = BACKEND_COUNTERS.indexOf('connectFailures');
const EARLY_CLOSES = BACKEND_COUNTERS.indexOf('earlyCloses');
const BYTES_TO_BACKEND = BACKEND_COUNTERS.indexOf('bytesToBackend');
const BYTES_FROM_BACKEND = BACKEND_COUNTERS.indexOf('bytesFromBackend');
const ANSWERED = BACKEND_COUNTERS.indexOf('answered');
const ACCEPTED = LISTENER_COUNTERS.indexOf('accepted');
const BYTES_FROM_CLIENTS = LISTENER_COUNTERS.indexOf('bytesFromClients');
const BYTES_TO_CLIENTS = LISTENER_COUNTERS.indexOf('bytesToClients');
const WORKER_ACCEPTED = WORKER_COUNTERS.indexOf('accepted');

// `!` in this file: rows and indexes lie within the cells, and this runs for each connection.
export class ConnectionCounters {
  readonly #cells: WorkerCells;

  constructor(cells: WorkerCells) {
    this.#cells = cells;
  }

  accepted(listener: number): void {
    this.#cells.listenerOpen[listener]! += 1;
    this.#cells.listeners[listener * LISTENER_WIDTH + ACCEPTED]! += 1;
    this.#cells.worker[WORKER_ACCEPTED]! += 1;
  }

  /** `connectMs`: how long the attempt took that succeeded. */
  established(backend: number, pool: number, listener: number, connectMs: number): void {
    const cells = this.#cells;
    const seconds = connectMs / 1_000;
    const bucket = bucketOf(CONNECT_SECONDS, seconds);
    cells.backends[backend * BACKEND_WIDTH + CONNECTIONS]! += 1;
    observe(cells.backendConnectSeconds, backend, bucket, seconds);
    observe(cells.poolConnectSeconds, pool, bucket, seconds);
    observe(cells.listenerConnectSeconds, listener, bucket, seconds);
  }

  /** It waited for a place at a backend of this pool. */
  waited(pool: number, waitedMs: number): void {
    const seconds = waitedMs / 1_000;
    observe(this.#cells.poolQueueSeconds, pool, bucketOf(QUEUE_SECONDS, seconds), seconds);
  }

  connectFailed(backend: number): void {
    this.#cells.backends[backend * BACKEND_WIDTH + CONNECT_FAILURES]! += 1;
  }

  /** A handshake of a client. */
  handshake(result: (typeof HANDSHAKES)[number]): void {
    this.#cells.worker[WORKER_COUNTERS.indexOf(result)]! += 1;
  }

  closedEarly(backend: number): void {
    this.#cells.backends[backend * BACKEND_WIDTH + EARLY_CLOSES]! += 1;
  }

  /** The client got its first byte, `sinceAcceptMs` after it was accepted. */
  answered(backend: number, listener: number, sinceAcceptMs: number): void {
    const cells = this.#cells;
    const seconds = sinceAcceptMs / 1_000;
    const bucket = bucketOf(FIRST_BYTE_SECONDS, seconds);
    observe(cells.backendFirstByteSeconds, backend, bucket, seconds);
    observe(cells.listenerFirstByteSeconds, listener, bucket, seconds);
    cells.backends[backend * BACKEND_WIDTH + ANSWERED]! += 1;
  }

  bytes(backend: number, listener: number, toBackend: number, toClient: number): void {
    const { backends, listeners } = this.#cells;
    backends[backend * BACKEND_WIDTH + BYTES_TO_BACKEND]! += toBackend;
    backends[backend * BACKEND_WIDTH + BYTES_FROM_BACKEND]! += toClient;
    listeners[listener * LISTENER_WIDTH + BYTES_FROM_CLIENTS]! += toBackend;
    listeners[listener * LISTENER_WIDTH + BYTES_TO_CLIENTS]! += toClient;
  }

  /** `backend`: the one it was established with, not yet released; or NO_ROW. `durationMs`: since it was accepted. */
  closed(listener: number, backend: number, reason: CloseReason, durationMs: number): void {
    const cells = this.#cells;
    const seconds = durationMs / 1_000;
    const bucket = bucketOf(DURATION_SECONDS, seconds);
    const why = CLOSE_REASONS.indexOf(reason);
    cells.worker[why]! += 1;
    cells.listenerClosed[listener * CLOSE_REASONS.length + why]! += 1;
    observe(cells.listenerDurationSeconds, listener, bucket, seconds);
    if (backend !== NO_ROW) observe(cells.backendDurationSeconds, backend, bucket, seconds);
    cells.listenerOpen[listener]! -= 1;
  }
}

/** The first bucket whose upper bound is not exceeded; the last one has none. */
function bucketOf(bounds: readonly number[], seconds: number): number {
  let bucket = 0;
  while (bucket < bounds.length && seconds > bounds[bucket]!) bucket += 1;
  return bucket;
}

/** Adds an observation: one more in its bucket, and its seconds to the sum in the last cell. */
function observe(cells: Float64Array, row: number, bucket: number, seconds: number): void {
  cells[row * HISTOGRAM_CELLS + bucket]! += 1;
  cells[row * HISTOGRAM_CELLS + HISTOGRAM_CELLS - 1]! += seconds;
}
