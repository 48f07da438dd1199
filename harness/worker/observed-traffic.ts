/** Shared memory of two workers, with plans and counts that a test puts there, and an observer that looks at it. */
import assert from 'node:assert/strict';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { BuiltPlan, DirectoryBackend } from '../../data-plane/plan/plan-directory.ts';
import { ProxyCounts } from '../../data-plane/memory/proxy-counts.ts';
import { Observer } from '../../data-plane/telemetry/observer.ts';
import type { ProxyReadings } from '../../data-plane/telemetry/proxy-readings.ts';
import {
  BACKEND_COUNTERS,
  createBuffers,
  LISTENER_COUNTERS,
  type SharedCells,
  sharedCells,
  type WorkerCells,
  workerCells,
} from '../../data-plane/memory/shared-memory.ts';
import { FakeClock } from '../fake-clock.ts';
import * as make from '../snapshots.ts';
import { Planner } from './planner.ts';

/** Counts as healthy; all others don't. */
export const HEALTHY = '10.0.0.1:80';
export const UNHEALTHY = '10.0.0.2:80';
/** A pool and its listener. */
export const WEB = [make.pool('web'), make.listener('web', '0.0.0.0:80', 'web')];
/** With both backends. */
export const BOTH = make.snapshot(1, ...WEB, make.backend('web', HEALTHY), make.backend('web', UNHEALTHY));

export class ObservedTraffic {
  readonly shared: SharedCells;
  readonly workers: readonly [WorkerCells, WorkerCells];
  readonly clock = new FakeClock();
  readonly observer: Observer;
  readonly #buffers = createBuffers(2);
  readonly #planner = new Planner(this.#buffers);

  constructor() {
    const buffers = this.#buffers;
    this.shared = sharedCells(buffers);
    this.workers = [workerCells(buffers, 0), workerCells(buffers, 1)];
    this.observer = this.#newObserver();
  }

  /** One that looks at the same, and has read nothing yet. */
  anotherObserver(): Observer {
    const observer = this.#newObserver();
    observer.run(this.built.directory);
    return observer;
  }

  /** What the metrics of a quiet proxy are made of, with these fields in place of its own. */
  readings(fields: Partial<ProxyReadings> = {}): ProxyReadings {
    return {
      ...this.observer.readTotals(),
      observation: this.observer.observe(),
      pools: new Map(),
      leadingBack: 0,
      connected: true,
      configAgeSeconds: 0,
      isStateDirWritable: true,
      counts: new ProxyCounts(),
      connectionLog: null,
      build: { version: '1.2.3', engine: 'epoll' },
      ...fields,
    };
  }

  #newObserver(): Observer {
    return new Observer({
      buffers: this.#buffers,
      healthOf: ({ address }) => ({
        health: address === HEALTHY ? 'healthy' : 'unhealthy',
        reason: 'why',
        sinceMs: 7,
      }),
      applied: () => ({
        running: { position: make.position(4), hash: 'h' },
        failedListeners: [{ listener: 'taken', address: '0.0.0.0:81', reason: 'EADDRINUSE' }],
        certificates: [
          { name: 'www', expiresAtMs: 2_000_000_000_000, problem: '' },
          { name: 'gone', expiresAtMs: null, problem: 'why' },
        ],
        ownBackends: [],
        rejected: null,
        fromDisk: false,
        stale: false,
      }),
      restarts: () => [0, 1],
      clock: this.clock,
      pools: () => new Map(),
      process: () => ({ cpuSeconds: 1.5, residentBytes: 1_048_576, saturated: false, maxConnections: 9 }),
    });
  }

  get built(): BuiltPlan {
    return this.#planner.built;
  }

  /** All workers run a snapshot; `meanwhile` happens before the observer hears of it. */
  run(snapshot: Snapshot, meanwhile: () => void = () => undefined): void {
    this.observer.settle();
    this.#planner.buildFrom(snapshot);
    meanwhile();
    this.observer.run(this.built.directory);
    this.sweep();
  }

  /** Takes back the rows that nothing uses. */
  sweep(): void {
    this.observer.settle();
    this.#planner.sweep();
  }

  backend(address: string): DirectoryBackend {
    return this.#planner.backend(address);
  }

  /** What a worker counts for a connection that is open. Returns how to close it. */
  connect(worker: 0 | 1, address: string, bytes = 0): () => void {
    const { row } = this.backend(address);
    const cells = this.workers[worker];
    const listener = this.built.directory.listeners[0]?.row;
    assert.ok(listener !== undefined);
    Atomics.add(this.shared.open, row, 1);
    Atomics.add(cells.listenerOpen, listener, 1);
    add(cells.backends, row * BACKEND_COUNTERS.length + BACKEND_COUNTERS.indexOf('connections'), 1);
    add(cells.backends, row * BACKEND_COUNTERS.length + BACKEND_COUNTERS.indexOf('bytesToBackend'), bytes);
    add(cells.listeners, listener * LISTENER_COUNTERS.length + LISTENER_COUNTERS.indexOf('accepted'), 1);
    return () => {
      Atomics.sub(this.shared.open, row, 1);
      Atomics.sub(cells.listenerOpen, listener, 1);
    };
  }
}

function add(cells: Float64Array, index: number, by: number): void {
  cells[index] = (cells[index] ?? 0) + by;
}
