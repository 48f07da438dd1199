/**
 * The map of the memory that the main thread and all workers of a proxy share. The only file with offsets.
 *
 * A row is a fixed place for one backend of one pool, one pool or one listener; rows.ts gives them out. Memory is
 * reserved for all rows at once and costs nothing until it is touched. No locks:
 *
 *   cell                       writer                       order
 *   backend identity           main, while the row is free  published by the plan that names it
 *   health, epoch              main; `ejected` by workers   atomic (compareExchange for ejected)
 *   failures, open             all workers                  atomic add
 *   counters, histograms       their worker alone           plain: a reader may be one event late, never torn
 *   descriptors                their worker alone           plain: main reads them when the thread is gone
 *
 * Counters are 64-bit floats: exact up to 2^53, and aligned 8-byte writes do not tear on the machines Node runs on.
 */
import { CLOSE_REASONS } from './close-reasons.ts';
import { createLogRing } from './log-ring.ts';

export const MAX_BACKENDS = 32_768;
export const MAX_POOLS = 4_096;
export const MAX_LISTENERS = 1_024;
/** Most connections of one worker. */
export const MAX_SLOTS = 1_048_576;
/** Most pipes of one worker. */
export const MAX_PIPES = 64;

/** Values of a `health` cell. `unknown` must be 0: it is what a fresh row holds. */
export const HEALTH = { unknown: 0, healthy: 1, unhealthy: 2, ejected: 3 } as const;

/** Bounds of the histograms' buckets, in seconds; one more bucket takes what is above the last. */
export const CONNECT_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
] as const;
export const DURATION_SECONDS = [
  0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1_800, 3_600, 14_400, 86_400,
] as const;
/** From the accept to the first byte that the client gets. */
export const FIRST_BYTE_SECONDS = [
  0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60,
] as const;
/** Buckets, then the sum of all observations in seconds. */
export const HISTOGRAM_CELLS = CONNECT_SECONDS.length + 2;

/** Counters of one backend in one worker. */
export const BACKEND_COUNTERS = [
  'connections',
  'connectFailures',
  'bytesToBackend',
  'bytesFromBackend',
  /** Connections whose client got a byte. */
  'answered',
] as const;
/** Counters of one listener in one worker. */
export const LISTENER_COUNTERS = ['accepted', 'bytesFromClients', 'bytesToClients'] as const;
/** Counters of one worker: one a close reason, then connections accepted and log records dropped. */
export const WORKER_COUNTERS = [...CLOSE_REASONS, 'accepted', 'logDropped'] as const;

/** The buffers alone: what is handed to a worker thread. */
export interface SharedBuffers {
  readonly workerCount: number;
  readonly shared: SharedArrayBuffer;
  readonly perWorker: readonly SharedArrayBuffer[];
  /** By worker: log-ring.ts. Empty when there is no connection log. */
  readonly logRings: readonly SharedArrayBuffer[];
}

/** What all threads share. Index backends' cells by row unless said otherwise. */
export interface SharedCells {
  /** [0] stop flag (1: leave the loop), [1] connections open in all workers, [2] most connections allowed. */
  readonly control: Int32Array;
  /** How often the row was given out; 0: never. */
  readonly generation: Int32Array;
  readonly open: Int32Array;
  readonly health: Int32Array;
  /** Failed connects in a row. */
  readonly failures: Int32Array;
  /** 4 or 6. */
  readonly family: Uint8Array;
  readonly port: Uint16Array;
  /** 16 bytes a row, network order; IPv4 uses the first four. */
  readonly ip: Uint8Array;
  /** By pool row: grows when the health of one of its backends, or its eligibility, may have changed. */
  readonly poolEpoch: Int32Array;
}

/** What one worker writes, by itself. */
export interface WorkerCells {
  /** Open connections of this worker, by backend row: its share of `open`. */
  readonly backendOpen: Int32Array;
  /** Open connections of this worker, by listener row. */
  readonly listenerOpen: Int32Array;
  /** row * BACKEND_COUNTERS.length + index of the counter. */
  readonly backends: Float64Array;
  /** row * LISTENER_COUNTERS.length + index of the counter. */
  readonly listeners: Float64Array;
  /** row * CLOSE_REASONS.length + index of the reason. */
  readonly listenerClosed: Float64Array;
  /** Index of the counter. */
  readonly worker: Float64Array;
  /** The epoll descriptor of the worker's engine; 0: none. */
  readonly epoll: Int32Array;
  /** 2 * slot: the client's descriptor and the backend's, of an engine that opens them by itself; 0: none. */
  readonly sockets: Int32Array;
  /** Two a pipe of such an engine; 0: none. */
  readonly pipes: Int32Array;
  /**
   * Row * HISTOGRAM_CELLS: seconds to connect to a backend, of the connects that succeeded. The pool's is no sum over
   * its backends, which would shrink when one of them leaves.
   */
  readonly poolConnectSeconds: Float64Array;
  readonly listenerConnectSeconds: Float64Array;
  readonly backendConnectSeconds: Float64Array;
  /** Row * HISTOGRAM_CELLS: seconds from accept to the first byte that the client got. */
  readonly listenerFirstByteSeconds: Float64Array;
  readonly backendFirstByteSeconds: Float64Array;
  /** Row * HISTOGRAM_CELLS: seconds from accept to close; a backend's, of the connections that it got. */
  readonly listenerDurationSeconds: Float64Array;
  readonly backendDurationSeconds: Float64Array;
}

export type HistogramName = Extract<keyof WorkerCells, `${string}Seconds`>;

export const CONTROL = { stop: 0, connections: 1, maxConnections: 2 } as const;

/** Reserves the memory. Main thread, once. */
export function createBuffers(workerCount: number, hasConnectionLog = false): SharedBuffers {
  return {
    workerCount,
    shared: new SharedArrayBuffer(layOutShared(null).bytes),
    perWorker: Array.from({ length: workerCount }, () => new SharedArrayBuffer(layOutWorker(null).bytes)),
    logRings: Array.from({ length: hasConnectionLog ? workerCount : 0 }, () => createLogRing()),
  };
}

export function sharedCells(buffers: SharedBuffers): SharedCells {
  return layOutShared(buffers.shared).cells;
}

export function workerCells(buffers: SharedBuffers, worker: number): WorkerCells {
  const buffer = buffers.perWorker[worker];
  if (!buffer) throw new RangeError(`there is no worker ${worker}`);
  return layOutWorker(buffer).cells;
}

/** Places views one after the other, 8-byte aligned; on `null` it only counts the bytes. */
class Layout {
  bytes = 0;
  readonly #buffer: SharedArrayBuffer;
  readonly #measuring: boolean;

  constructor(buffer: SharedArrayBuffer | null) {
    this.#measuring = buffer === null;
    this.#buffer = buffer ?? new SharedArrayBuffer(0);
  }

  view<T>(
    View: { new (buffer: SharedArrayBuffer, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
    length: number,
  ): T {
    const offset = this.bytes;
    this.bytes += Math.ceil((length * View.BYTES_PER_ELEMENT) / 8) * 8;
    return this.#measuring ? new View(this.#buffer, 0, 0) : new View(this.#buffer, offset, length);
  }
}

function layOutShared(buffer: SharedArrayBuffer | null): { bytes: number; cells: SharedCells } {
  const layout = new Layout(buffer);
  const cells: SharedCells = {
    control: layout.view(Int32Array, 8),
    generation: layout.view(Int32Array, MAX_BACKENDS),
    open: layout.view(Int32Array, MAX_BACKENDS),
    health: layout.view(Int32Array, MAX_BACKENDS),
    failures: layout.view(Int32Array, MAX_BACKENDS),
    family: layout.view(Uint8Array, MAX_BACKENDS),
    port: layout.view(Uint16Array, MAX_BACKENDS),
    ip: layout.view(Uint8Array, MAX_BACKENDS * 16),
    poolEpoch: layout.view(Int32Array, MAX_POOLS),
  };
  return { bytes: layout.bytes, cells };
}

function layOutWorker(buffer: SharedArrayBuffer | null): { bytes: number; cells: WorkerCells } {
  const layout = new Layout(buffer);
  const cells: WorkerCells = {
    backendOpen: layout.view(Int32Array, MAX_BACKENDS),
    listenerOpen: layout.view(Int32Array, MAX_LISTENERS),
    backends: layout.view(Float64Array, MAX_BACKENDS * BACKEND_COUNTERS.length),
    listeners: layout.view(Float64Array, MAX_LISTENERS * LISTENER_COUNTERS.length),
    listenerClosed: layout.view(Float64Array, MAX_LISTENERS * CLOSE_REASONS.length),
    worker: layout.view(Float64Array, WORKER_COUNTERS.length),
    epoll: layout.view(Int32Array, 1),
    sockets: layout.view(Int32Array, MAX_SLOTS * 2),
    pipes: layout.view(Int32Array, MAX_PIPES * 2),
    poolConnectSeconds: layout.view(Float64Array, MAX_POOLS * HISTOGRAM_CELLS),
    listenerConnectSeconds: layout.view(Float64Array, MAX_LISTENERS * HISTOGRAM_CELLS),
    backendConnectSeconds: layout.view(Float64Array, MAX_BACKENDS * HISTOGRAM_CELLS),
    listenerFirstByteSeconds: layout.view(Float64Array, MAX_LISTENERS * HISTOGRAM_CELLS),
    backendFirstByteSeconds: layout.view(Float64Array, MAX_BACKENDS * HISTOGRAM_CELLS),
    listenerDurationSeconds: layout.view(Float64Array, MAX_LISTENERS * HISTOGRAM_CELLS),
    backendDurationSeconds: layout.view(Float64Array, MAX_BACKENDS * HISTOGRAM_CELLS),
  };
  return { bytes: layout.bytes, cells };
}
