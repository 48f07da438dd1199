/**
 * The map of the memory that the main thread and all workers of a proxy share. The only file with offsets.
 *
 * A row is a fixed place for one backend of one pool, one pool or one listener; row-allocator.ts gives them out. Memory
 * is reserved for all rows at once and costs nothing until it is written. There are no locks.
 *
 * Counters are 64-bit floats: exact up to 2^53, and aligned 8-byte writes do not tear on the machines that Node runs on.
 */
import { CLOSE_REASONS } from '../../core/wire/close-reasons.ts';
import { createLogRing } from './log-ring.ts';

export const MAX_BACKENDS = 49_152;
export const MAX_POOLS = 4_096;
export const MAX_LISTENERS = 1_024;
/** Maximum connections of one worker. */
export const MAX_SLOTS = 1_048_576;
/** Maximum pipes of one worker. */
export const MAX_PIPES = 64;
/** Sources whose connections are counted for limits, of all listeners together: see admission/limit-table.ts. */
export const MAX_SOURCES = 524_288;
/** The entries of a bucket: a source is found in one of these. */
export const SOURCE_WAYS = 8;
/** Words of the key of a source. */
export const SOURCE_KEY_WORDS = 3;
/** One for each source, then one for each listener. */
const LIMIT_ENTRIES = MAX_SOURCES + MAX_LISTENERS;

/** Values of a `health` cell. `unknown` must be 0: it is what a fresh row holds. */
export const HEALTH = { unknown: 0, healthy: 1, unhealthy: 2, ejected: 3 } as const;

/** Upper bounds of the histograms' buckets, in seconds; one more bucket takes what is above the last. */
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
/** In the queue of a pool. */
export const QUEUE_SECONDS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;
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
  /** Connections that the backend ended without a byte, though it was its turn to speak. */
  'earlyCloses',
] as const;
/** Counters of one listener in one worker. */
export const LISTENER_COUNTERS = [
  'accepted',
  'bytesFromClients',
  'bytesToClients',
  /** Connections that its limits would have refused in a dry run. */
  'wouldBeLimited',
] as const;
/** How handshakes of TLS with clients ended. */
export const HANDSHAKES = ['tlsFull', 'tlsResumed', 'tlsFailed'] as const;
/**
 * Counters of one worker: one per close reason, then connections accepted, log records dropped, sources whose rate was
 * forgotten or which found no entry in the table of sources, and handshakes.
 */
export const WORKER_COUNTERS = [
  ...CLOSE_REASONS,
  'accepted',
  'logDropped',
  'sourcesForgotten',
  'sourcesUntracked',
  ...HANDSHAKES,
] as const;

/** The buffers alone: what is handed to a worker thread. */
export interface SharedBuffers {
  readonly workerCount: number;
  readonly shared: SharedArrayBuffer;
  readonly perWorker: readonly SharedArrayBuffer[];
  /** By worker: see log-ring.ts. Empty when there is no connection log. */
  readonly logRings: readonly SharedArrayBuffer[];
}

interface Views {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly f64: Float64Array;
}
/** The cells of one buffer, in their order: type and number of each. */
type Layout = Readonly<Record<string, readonly [type: keyof Views, length: number]>>;
type CellsOf<L extends Layout> = { readonly [Name in keyof L]: Views[L[Name][0]] };

/** What all threads share. Cells of backends are indexed by row. Written atomically, unless said otherwise. */
const SHARED = {
  /** See CONTROL. */
  control: ['i32', 8],
  /** How often the row was given out; 0: never. Written by the main thread. */
  generation: ['i32', MAX_BACKENDS],
  /** Open connections. All workers add and subtract. */
  open: ['i32', MAX_BACKENDS],
  /** See HEALTH. Written by the main thread; workers change `healthy` to `ejected` by compareExchange. */
  health: ['i32', MAX_BACKENDS],
  /**
   * Tenths of its weight that a slowly starting backend has; 0: all of it. Written by the main thread, which then moves
   * the epoch of its pool.
   */
  rampTenths: ['u8', MAX_BACKENDS],
  /** Failed connects in a row. All workers add; a success sets it to 0. */
  failures: ['i32', MAX_BACKENDS],
  /** Recent connections that the backend ended before it sent a byte: see passive-health.ts. Workers change it. */
  earlyCloses: ['i32', MAX_BACKENDS],
  /** 4 or 6. This and the next two: written by the main thread while the row is free; the plan that names it publishes it. */
  family: ['u8', MAX_BACKENDS],
  port: ['u16', MAX_BACKENDS],
  /** 16 bytes per row, in network order; IPv4 uses the first four. */
  ip: ['u8', MAX_BACKENDS * 16],
  /** By listener row: open connections. All workers add and subtract. */
  listenerOpen: ['i32', MAX_LISTENERS],
  /** By listener row: connections that no other listener may take. Written by the main thread. */
  listenerShare: ['i32', MAX_LISTENERS],
  /** By pool row: grows after the health of one of its backends has changed. All threads add. */
  poolEpoch: ['i32', MAX_POOLS],
  /** By pool row: see round-robin.ts. All workers exchange it. */
  poolTurn: ['i32', MAX_POOLS],
  /** This and the next four: see admission/limit-table.ts. Workers change them. By entry: open connections and a version. */
  limitOpen: ['i32', LIMIT_ENTRIES],
  /** By entry: when the next connection is due, counted in connections. */
  limitDue: ['i32', LIMIT_ENTRIES],
  /** By entry: when it was last asked for, in milliseconds that wrap around. */
  limitSeenMs: ['i32', LIMIT_ENTRIES],
  /** SOURCE_KEY_WORDS for each entry of a source. */
  sourceKeys: ['i32', MAX_SOURCES * SOURCE_KEY_WORDS],
  /** By bucket: which entries are valid, and a version. */
  sourceBuckets: ['i32', MAX_SOURCES / SOURCE_WAYS],
  /** By pool row: connections that wait for a place at a backend. All workers add and subtract. */
  poolWaiting: ['i32', MAX_POOLS],
  /** By pool row: the worker that was woken last for those: see pool-queues.ts. All threads write it. */
  poolWoken: ['i32', MAX_POOLS],
} as const satisfies Layout;
export type SharedCells = CellsOf<typeof SHARED>;

/**
 * What one worker alone writes, plainly: a reader may be one event behind, but never sees half a value. The main thread
 * reads them, and writes them when the worker's thread is gone. Histograms have HISTOGRAM_CELLS per row.
 */
const PER_WORKER = {
  /** By backend row: this worker's share of `open`. */
  backendOpen: ['i32', MAX_BACKENDS],
  /** By pool row: this worker's share of `poolWaiting`. */
  poolWaiting: ['i32', MAX_POOLS],
  /** By listener row: open connections. */
  listenerOpen: ['i32', MAX_LISTENERS],
  /** By entry of the limits: this worker's share of its open connections. */
  limitOpen: ['i32', LIMIT_ENTRIES],
  /** row * BACKEND_COUNTERS.length + index of the counter. */
  backends: ['f64', MAX_BACKENDS * BACKEND_COUNTERS.length],
  /** row * LISTENER_COUNTERS.length + index of the counter. */
  listeners: ['f64', MAX_LISTENERS * LISTENER_COUNTERS.length],
  /** row * CLOSE_REASONS.length + index of the reason. */
  listenerClosed: ['f64', MAX_LISTENERS * CLOSE_REASONS.length],
  /** By index in WORKER_COUNTERS. */
  worker: ['f64', WORKER_COUNTERS.length],
  /** The epoll descriptor of the worker's engine; 0: none. */
  epoll: ['i32', 1],
  /** 2 * slot: the client's descriptor and the backend's, of an engine that opens them by itself; 0: none. */
  sockets: ['i32', MAX_SLOTS * 2],
  /** Two per pipe of such an engine; 0: none. */
  pipes: ['i32', MAX_PIPES * 2],
  /**
   * Seconds to connect to a backend, of the connects that succeeded. The pool's histogram is not the sum over its
   * backends, which would shrink when one of them leaves.
   */
  poolConnectSeconds: ['f64', MAX_POOLS * HISTOGRAM_CELLS],
  /** Seconds that connections waited for a place, whether they got one or not. */
  poolQueueSeconds: ['f64', MAX_POOLS * HISTOGRAM_CELLS],
  listenerConnectSeconds: ['f64', MAX_LISTENERS * HISTOGRAM_CELLS],
  backendConnectSeconds: ['f64', MAX_BACKENDS * HISTOGRAM_CELLS],
  /** Seconds from accept to the first byte that the client got. */
  listenerFirstByteSeconds: ['f64', MAX_LISTENERS * HISTOGRAM_CELLS],
  backendFirstByteSeconds: ['f64', MAX_BACKENDS * HISTOGRAM_CELLS],
  /** Seconds from accept to close; a backend's, of the connections that it got. */
  listenerDurationSeconds: ['f64', MAX_LISTENERS * HISTOGRAM_CELLS],
  backendDurationSeconds: ['f64', MAX_BACKENDS * HISTOGRAM_CELLS],
} as const satisfies Layout;
export type WorkerCells = CellsOf<typeof PER_WORKER>;

export type HistogramName = Extract<keyof WorkerCells, `${string}Seconds`>;

/**
 * Indexes in `control`. `stop` is 1 when the workers' loops must end, and `maxConnections` is the limit,
 * `shares` the sum of all listener shares, and `sourceSeed` mixed into where sources are looked for; the main thread
 * writes these. `connections` are open in all workers, which add and subtract.
 */
export const CONTROL = { stop: 0, connections: 1, maxConnections: 2, shares: 3, sourceSeed: 4 } as const;

/** Reserves the memory. Main thread, once. */
export function createBuffers(workerCount: number, hasConnectionLog = false): SharedBuffers {
  return {
    workerCount,
    shared: new SharedArrayBuffer(bytesOf(SHARED)),
    perWorker: Array.from({ length: workerCount }, () => new SharedArrayBuffer(bytesOf(PER_WORKER))),
    logRings: Array.from({ length: hasConnectionLog ? workerCount : 0 }, () => createLogRing()),
  };
}

export function sharedCells(buffers: SharedBuffers): SharedCells {
  return cellsIn(buffers.shared, SHARED);
}

export function workerCells(buffers: SharedBuffers, worker: number): WorkerCells {
  const buffer = buffers.perWorker[worker];
  if (!buffer) throw new RangeError(`there is no worker ${worker}`);
  return cellsIn(buffer, PER_WORKER);
}

interface ViewType {
  new (buffer: SharedArrayBuffer, offset: number, length: number): Views[keyof Views];
  readonly BYTES_PER_ELEMENT: number;
}
const VIEWS: Readonly<Record<keyof Views, ViewType>> = {
  i32: Int32Array,
  u8: Uint8Array,
  u16: Uint16Array,
  f64: Float64Array,
};

/** All views of one kind of cell start at a multiple of 8 bytes. */
function alignedBytes([type, length]: Layout[string]): number {
  return Math.ceil((length * VIEWS[type].BYTES_PER_ELEMENT) / 8) * 8;
}

function bytesOf(layout: Layout): number {
  return Object.values(layout).reduce((sum, cells) => sum + alignedBytes(cells), 0);
}

function cellsIn<L extends Layout>(buffer: SharedArrayBuffer, layout: L): CellsOf<L> {
  let offset = 0;
  const entries = Object.entries(layout).map(([name, cells]) => {
    const [type, length] = cells;
    const view = new VIEWS[type](buffer, offset, length);
    offset += alignedBytes(cells);
    return [name, view] as const;
  });
  return Object.fromEntries(entries) as CellsOf<L>;
}
