/**
 * Gives out the rows of shared memory: one for each pool, each (pool, address) and each listener's address. Main thread
 * only.
 *
 * Invariants
 *  - a name keeps its row as long as a plan names it that a worker runs or may come to run, and after that until nothing
 *    uses the row: no connection of a backend or listener, no row of a backend of the pool;
 *  - a row is written (identity, counters of all workers) only while it is free; the plan that names it publishes it;
 *  - each time a backend's row is given out its generation grows, so that a late message can't mean its next owner;
 *  - `assign` gives all rows that a plan wants, or changes nothing.
 *
 * Rows are never released explicitly. A plan stamps the names it wants with its sequence number, and names with a stamp
 * older than the oldest plan that any worker runs are no longer wanted. So a plan that is aborted needs no undoing.
 */
import type { Address } from '../../core/model/address.ts';
import type { Violation } from '../../core/model/violation.ts';
import { CLOSE_REASONS } from '../../core/wire/close-reasons.ts';
import {
  BACKEND_COUNTERS,
  HEALTH,
  HISTOGRAM_CELLS,
  LISTENER_COUNTERS,
  MAX_BACKENDS,
  MAX_LISTENERS,
  MAX_POOLS,
  type SharedBuffers,
  type SharedCells,
  sharedCells,
  type WorkerCells,
  workerCells,
} from './shared-memory.ts';

/** What a plan needs rows for. No name twice. */
export interface WantedRows {
  readonly pools: readonly string[];
  readonly backends: readonly { readonly pool: string; readonly address: Address }[];
  readonly listeners: readonly Address[];
}

/** The rows, in the order they were asked for. */
export interface AssignedRows {
  readonly ok: true;
  readonly pools: readonly number[];
  readonly backends: readonly number[];
  readonly listeners: readonly number[];
}

interface Holding<Name> {
  readonly row: number;
  readonly name: Name;
  /** Sequence number of the last plan that named it. */
  stamp: number;
}

/** Which name holds which row of one part of shared memory. */
class RowTable<Name> {
  readonly capacity: number;
  readonly #holdings = new Map<string, Holding<Name>>();
  readonly #returned: number[] = [];
  /** Rows from here on were never given out. */
  #untouched = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** How many rows `keys` would need beyond those that are free. */
  shortage(keys: readonly string[]): number {
    const missing = keys.reduce((count, key) => count + (this.#holdings.has(key) ? 0 : 1), 0);
    return this.#holdings.size + missing - this.capacity;
  }

  /** Rows of other names than `keys`: those that plans from `oldest` on name, and those of removed names. */
  others(keys: readonly string[], oldest: number): { readonly running: number; readonly removed: number } {
    const wanted = new Set(keys);
    const others = [...this.#holdings].filter(([key]) => !wanted.has(key));
    const running = others.filter(([, { stamp }]) => stamp >= oldest).length;
    return { running, removed: others.length - running };
  }

  /** Stamps the row of a key, and gives it one if it has none (`isNew`). There must be no shortage. */
  hold(key: string, name: Name, stamp: number): { readonly row: number; readonly isNew: boolean } {
    const held = this.#holdings.get(key);
    if (held) {
      held.stamp = stamp;
      return { row: held.row, isNew: false };
    }
    const row = this.#returned.pop() ?? this.#untouched++;
    this.#holdings.set(key, { row, stamp, name });
    return { row, isNew: true };
  }

  /** Takes back the rows stamped before `oldest` that `isIdle`. */
  sweep(oldest: number, isIdle: (row: number, name: Name) => boolean, onTaken: (name: Name) => void): void {
    for (const [key, { row, stamp, name }] of this.#holdings) {
      if (stamp >= oldest || !isIdle(row, name)) continue;
      this.#holdings.delete(key);
      this.#returned.push(row);
      onTaken(name);
    }
  }
}

/** From plan to plan, the same backend is mostly the same object. */
const backendKeys = new WeakMap<WantedRows['backends'][number], string>();

function keyOfBackend(backend: WantedRows['backends'][number]): string {
  const known = backendKeys.get(backend);
  if (known !== undefined) return known;
  const key = `${backend.pool}/${backend.address.canonical}`;
  backendKeys.set(backend, key);
  return key;
}

export class RowAllocator {
  readonly #shared: SharedCells;
  readonly #workers: readonly WorkerCells[];
  readonly #pools = new RowTable<string>(MAX_POOLS);
  readonly #backends = new RowTable<string>(MAX_BACKENDS);
  readonly #listeners = new RowTable<null>(MAX_LISTENERS);
  /** Of the oldest plan that any worker runs, as of the last sweep. */
  #oldestSequence = 0;
  /** By pool: how many rows its backends hold. */
  readonly #backendRowsOf = new Map<string, number>();

  constructor(buffers: SharedBuffers) {
    this.#shared = sharedCells(buffers);
    this.#workers = Array.from({ length: buffers.workerCount }, (_, worker) => workerCells(buffers, worker));
  }

  /** Rows for everything that the plan of this sequence number names, or why there are not enough. */
  assign(
    sequence: number,
    wanted: WantedRows,
  ): AssignedRows | { readonly ok: false; readonly violations: Violation[] } {
    const backendKeys = wanted.backends.map(keyOfBackend);
    const listenerKeys = wanted.listeners.map(({ canonical }) => canonical);
    const oldest = this.#oldestSequence;
    const violations = [
      ...refusal('pools', this.#pools, wanted.pools, oldest),
      ...refusal('backends', this.#backends, backendKeys, oldest),
      ...refusal('listeners', this.#listeners, listenerKeys, oldest),
    ];
    if (violations.length > 0) return { ok: false, violations };
    return {
      ok: true,
      pools: wanted.pools.map((pool) => this.#pool(pool, sequence)),
      backends: wanted.backends.map(({ pool, address }, at) =>
        // `!`: as many keys as backends.
        this.#backend(backendKeys[at]!, pool, address, sequence),
      ),
      listeners: listenerKeys.map((key) => this.#listener(key, sequence)),
    };
  }

  /** How often a backend's row was given out: tells its owner from earlier ones. */
  generation(row: number): number {
    return Atomics.load(this.#shared.generation, row);
  }

  /**
   * Takes back the rows that no plan from `oldestSequence` on names and nothing uses. Pass the lowest sequence number
   * that any worker runs; call it after commits, and now and then while removed backends still have connections.
   */
  sweep(oldestSequence: number): void {
    this.#oldestSequence = oldestSequence;
    this.#backends.sweep(
      oldestSequence,
      (row) => Atomics.load(this.#shared.open, row) === 0,
      (pool) => this.#backendRowsOf.set(pool, (this.#backendRowsOf.get(pool) ?? 0) - 1),
    );
    this.#pools.sweep(
      oldestSequence,
      (_, pool) => (this.#backendRowsOf.get(pool) ?? 0) === 0,
      (pool) => this.#backendRowsOf.delete(pool),
    );
    this.#listeners.sweep(
      oldestSequence,
      (row) => this.#workers.every(({ listenerOpen }) => Atomics.load(listenerOpen, row) === 0),
      () => undefined,
    );
  }

  #pool(name: string, sequence: number): number {
    const { row, isNew } = this.#pools.hold(name, name, sequence);
    if (!isNew) return row;
    for (const worker of this.#workers) {
      clear(worker.poolConnectSeconds, row, HISTOGRAM_CELLS);
      clear(worker.poolQueueSeconds, row, HISTOGRAM_CELLS);
    }
    return row;
  }

  #backend(key: string, pool: string, address: Address, sequence: number): number {
    const { row, isNew } = this.#backends.hold(key, pool, sequence);
    if (!isNew) return row;
    this.#backendRowsOf.set(pool, (this.#backendRowsOf.get(pool) ?? 0) + 1);
    const shared = this.#shared;
    const hadOwner = Atomics.add(shared.generation, row, 1) > 0;
    Atomics.store(shared.open, row, 0);
    Atomics.store(shared.health, row, HEALTH.unknown);
    Atomics.store(shared.rampTenths, row, 0);
    Atomics.store(shared.failures, row, 0);
    Atomics.store(shared.earlyCloses, row, 0);
    shared.family[row] = address.family;
    shared.port[row] = address.port;
    shared.ip.fill(0, row * 16, row * 16 + 16);
    shared.ip.set(address.bytes, row * 16);
    // Memory that was never written holds zeros, and takes no room until it is written.
    if (!hadOwner) return row;
    for (const worker of this.#workers) {
      worker.backendOpen[row] = 0;
      clear(worker.backends, row, BACKEND_COUNTERS.length);
      clear(worker.backendConnectSeconds, row, HISTOGRAM_CELLS);
      clear(worker.backendFirstByteSeconds, row, HISTOGRAM_CELLS);
      clear(worker.backendDurationSeconds, row, HISTOGRAM_CELLS);
    }
    return row;
  }

  #listener(key: string, sequence: number): number {
    const { row, isNew } = this.#listeners.hold(key, null, sequence);
    if (!isNew) return row;
    for (const worker of this.#workers) {
      worker.listenerOpen[row] = 0;
      clear(worker.listeners, row, LISTENER_COUNTERS.length);
      clear(worker.listenerClosed, row, CLOSE_REASONS.length);
      clear(worker.listenerConnectSeconds, row, HISTOGRAM_CELLS);
      clear(worker.listenerFirstByteSeconds, row, HISTOGRAM_CELLS);
      clear(worker.listenerDurationSeconds, row, HISTOGRAM_CELLS);
    }
    return row;
  }
}

function clear(cells: Float64Array, row: number, width: number): void {
  cells.fill(0, row * width, (row + 1) * width);
}

function refusal(
  what: string,
  table: RowTable<string> | RowTable<null>,
  keys: readonly string[],
  oldestSequence: number,
): Violation[] {
  if (table.shortage(keys) <= 0) return [];
  const { running, removed } = table.others(keys, oldestSequence);
  const rest = [
    ...(running > 0 ? [`${running} others run until these do`] : []),
    ...(removed > 0 ? [`${removed} that were removed still have connections`] : []),
  ];
  const all = [`there are ${keys.length} ${what}`, ...rest].join(', and ');
  const description = `${all}; a proxy has room for ${table.capacity}: `;
  if (keys.length > table.capacity) return [{ field: what, description: `${description}remove some` }];
  // Temporary, as subscription-state.ts defines it: rows become free when connections end.
  const again = `${description}the proxy will try again, or replace fewer at a time`;
  return [{ field: what, description: again, temporary: true } as Violation];
}
