/**
 * Reads shared memory and gives the values their names: the present state of backends, listeners and workers.
 *
 * Invariants
 *  - a removed backend is observed until its last connection is closed, and its final counts are kept for a while
 *    (removed-backends.ts);
 *  - a row that has a new owner is never read under its old name (generation).
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Health } from '../../core/model/resources.ts';
import type {
  DirectoryBackend,
  DirectoryListener,
  DirectoryPool,
  PlanDirectory,
} from '../plan/plan-directory.ts';
import { BackendTotalsReader, noTotals, type TotalsReading } from '../memory/backend-totals.ts';
import {
  acceptedConnections,
  type ClosedCounts,
  closedConnections,
  closedOfListener,
  type HistogramCounts,
  histogramCounts,
  listenerCounts,
  openConnections,
  workerCount,
} from '../memory/counters.ts';
import type {
  BackendObservation,
  ListenerObservation,
  Observation,
  ProcessObservation,
} from './observation.ts';
import type { AppliedConfig } from '../subscription/config-status.ts';
import { BackendObserver } from './backend-observer.ts';
import { type RemovedBackend, RemovedBackends } from './removed-backends.ts';
import {
  type SharedBuffers,
  type SharedCells,
  sharedCells,
  type WorkerCells,
  workerCells,
} from '../memory/shared-memory.ts';

interface HealthView {
  readonly health: Health;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface ObserverSources {
  readonly buffers: SharedBuffers;
  readonly healthOf: (backend: DirectoryBackend) => HealthView;
  readonly applied: () => AppliedConfig;
  readonly pools: () => Observation['pools'];
  /** By worker: how often it was restarted. */
  readonly restarts: () => readonly number[];
  readonly process: () => ProcessObservation;
  readonly clock: Pick<Clock, 'nowMs'>;
}

export interface TrafficTotals {
  readonly closed: Readonly<ClosedCounts>;
  /** By name of the pool. */
  readonly poolConnectSeconds: ReadonlyMap<string, HistogramCounts>;
  /** By name, of pools that have one. */
  readonly queues: ReadonlyMap<string, { readonly waiting: number; readonly seconds: HistogramCounts }>;
  /** Reads the totals of a backend by its key in an observation; null: nothing is known about it any more. */
  readonly totalsOf: (key: string) => TotalsReading | null;
  /** Backends that were removed in the last minutes, by key. */
  readonly removed: ReadonlyMap<string, RemovedBackend>;
  readonly logRecordsDropped: number;
  /** What the table of limits had no room for: admission/limit-table.ts. */
  /** Handshakes of clients. */
  readonly handshakes: { readonly full: number; readonly resumed: number; readonly failed: number };
  readonly sourcesLost: { readonly forgotten: number; readonly untracked: number };
}

const NO_GROWTH = noTotals();

export class Observer {
  readonly #sources: ObserverSources;
  readonly #shared: SharedCells;
  readonly #workers: readonly WorkerCells[];
  readonly #totals: BackendTotalsReader;
  readonly #removed = new RemovedBackends();
  #pools: readonly DirectoryPool[] = [];
  /** By POOL/ADDRESS: those of the plan, and removed ones that still have connections. */
  readonly #backends = new Map<string, BackendObserver>();
  /** By row. */
  #listeners = new Map<number, DirectoryListener>();
  #current = new Set<DirectoryBackend | DirectoryListener>();

  constructor(sources: ObserverSources) {
    this.#sources = sources;
    this.#shared = sharedCells(sources.buffers);
    this.#workers = sources.buffers.perWorker.map((_, worker) => workerCells(sources.buffers, worker));
    this.#totals = new BackendTotalsReader(this.#shared, this.#workers);
  }

  /** The workers run another plan. */
  run(directory: PlanDirectory): void {
    const before = this.#current;
    this.#pools = directory.pools;
    this.#current = new Set(directory.listeners);
    for (const listener of directory.listeners) this.#listeners.set(listener.row, listener);
    for (const { backends } of directory.pools) {
      for (const backend of backends) {
        if (!before.has(backend)) this.#add(backend);
        this.#current.add(backend);
      }
    }
    this.settle();
  }

  #add(backend: DirectoryBackend): void {
    const key = `${backend.pool}/${backend.address}`;
    const known = this.#backends.get(key);
    if (known?.holds(backend)) known.directory = backend;
    else this.#backends.set(key, new BackendObserver(backend));
  }

  observe(): Observation {
    this.settle();
    const listeners = new Map<string, ListenerObservation>();
    for (const listener of this.#listeners.values()) {
      // A listener that moved to another address has an old row under the same name, which is not shown.
      if (this.#current.has(listener) || !listeners.has(listener.name)) {
        listeners.set(listener.name, this.#observeListener(listener));
      }
    }
    const backends = new Map<string, BackendObservation>();
    for (const [key, backend] of this.#backends) backends.set(key, this.#observeBackend(backend));
    const rows = [...this.#listeners.keys()];
    const restarts = this.#sources.restarts();
    const workers = this.#workers.map((worker, index) => ({
      active: openConnections(worker, rows),
      accepted: acceptedConnections(worker),
      restarts: restarts[index] ?? 0,
    }));
    const { applied, pools, process } = this.#sources;
    const waiting = new Map(
      this.#pools
        .map(({ name, row }) => [name, this.#waiting(row)] as const)
        .filter(([, count]) => count > 0),
    );
    return { applied: applied(), backends, listeners, pools: pools(), waiting, workers, process: process() };
  }

  readTotals(): TrafficTotals {
    const workers = this.#workers;
    const poolConnectSeconds = new Map<string, HistogramCounts>();
    for (const { name, row } of this.#pools) {
      poolConnectSeconds.set(name, histogramCounts(workers, 'poolConnectSeconds', row));
    }
    const queues = new Map(
      this.#pools
        .filter(({ queue }) => queue !== null)
        .map(({ name, row }) => [
          name,
          { waiting: this.#waiting(row), seconds: histogramCounts(workers, 'poolQueueSeconds', row) },
        ]),
    );
    return {
      closed: closedConnections(workers),
      poolConnectSeconds,
      queues,
      totalsOf: (key) => {
        const backend = this.#backends.get(key);
        const reading = backend && this.#totals.read(backend.directory);
        if (reading) return reading;
        // The last growth of a removed backend is in `removed`.
        const removed = this.#removed.get(key);
        return removed ? { total: removed.total, growth: NO_GROWTH } : null;
      },
      removed: this.#removed.at(this.#sources.clock.nowMs()),
      logRecordsDropped: workerCount(workers, 'logDropped'),
      handshakes: {
        full: workerCount(workers, 'tlsFull'),
        resumed: workerCount(workers, 'tlsResumed'),
        failed: workerCount(workers, 'tlsFailed'),
      },
      sourcesLost: {
        forgotten: workerCount(workers, 'sourcesForgotten'),
        untracked: workerCount(workers, 'sourcesUntracked'),
      },
    };
  }

  #waiting(pool: number): number {
    return Math.max(0, Atomics.load(this.#shared.poolWaiting, pool));
  }

  #observeBackend(backend: BackendObserver): BackendObservation {
    const { directory } = backend;
    const active = Math.max(0, Atomics.load(this.#shared.open, directory.row));
    const isRemoved = !this.#current.has(directory);
    return backend.observe(this.#workers, this.#sources.healthOf(directory), active, isRemoved);
  }

  #observeListener({ row }: DirectoryListener): ListenerObservation {
    const workers = this.#workers;
    return {
      ...listenerCounts(workers, row),
      closed: closedOfListener(workers, row),
      connect: histogramCounts(workers, 'listenerConnectSeconds', row),
      firstByte: histogramCounts(workers, 'listenerFirstByteSeconds', row),
      duration: histogramCounts(workers, 'listenerDurationSeconds', row),
    };
  }

  /**
   * Forgets removed backends and listeners without connections. Call it before rows are taken back and given out again:
   * the final counts of a backend must be read while it owns its row.
   */
  settle(): void {
    for (const [key, { directory }] of this.#backends) {
      if (this.#current.has(directory)) continue;
      const { row, generation } = directory;
      const reused = Atomics.load(this.#shared.generation, row) !== generation;
      if (!reused && Atomics.load(this.#shared.open, row) > 0) continue;
      this.#backends.delete(key);
      const last = this.#totals.read(directory);
      if (last) this.#removed.add(directory.pool, directory.address, last, this.#sources.clock.nowMs());
    }
    for (const [row, listener] of this.#listeners) {
      if (this.#current.has(listener)) continue;
      if (this.#workers.every(({ listenerOpen }) => listenerOpen[row] === 0)) this.#listeners.delete(row);
    }
  }
}
