/** Everything on a proxy's main thread that serves clients: shared memory, workers, sockets, health checks. */
import type { Clock } from '../core/runtime/clock.ts';
import type { Logger } from '../core/runtime/logger.ts';
import type { Random } from '../core/runtime/random.ts';
import {
  checksAtOnce,
  type ConnectionLimit,
  connectionLimit,
  descriptorBound,
  descriptorLimitOf,
  listenerShare,
  otherDescriptors,
} from './host/connection-limit.ts';
import { readText } from './host/control-group.ts';
import type { Engine } from './engine/engine.ts';
import type { Libc } from './kernel/libc.ts';
import { checkerByType } from './health/checker-by-type.ts';
import { HealthChanges } from './health/health-changes.ts';
import { HealthMonitor } from './health/health-monitor.ts';
import { readNetworkSetting } from './host/kernel-settings.ts';
import { cgroupMemory, memoryBoundHere, parkingBytes } from './host/memory-bound.ts';
import { limitProblem, recordWorkerEvents, type WorkerEvents } from './proxy-events.ts';
import { SnapshotApplier } from './snapshot-applier.ts';
import { ProxyWhereabouts } from './whereabouts.ts';
import type { PlanDirectory } from './plan/plan-directory.ts';
import type { ConfigStatus } from './subscription/config-status.ts';
import { ConnectionLog, type ConnectionLogInputs } from './telemetry/connection-log.ts';
import { Observer } from './telemetry/observer.ts';
import { ProxyCounts } from './memory/proxy-counts.ts';
import { processUsage } from './telemetry/process-usage.ts';
import type { ProxyReadings } from './telemetry/proxy-readings.ts';
import { RowAllocator } from './memory/row-allocator.ts';
import {
  CONTROL,
  createBuffers,
  MAX_PIPES,
  type SharedBuffers,
  type SharedCells,
  sharedCells,
} from './memory/shared-memory.ts';
import { BackendClosings } from './worker/pool/backend-closings.ts';
import { ListeningSockets } from './worker/pool/listening-sockets.ts';
import { PlanApplier } from './worker/pool/plan-applier.ts';
import { startThread } from './worker/pool/start-thread.ts';
import { WorkerPool } from './worker/pool/worker-pool.ts';

export interface DataPathOptions {
  readonly engine: Engine['name'];
  /** Null where it can't be called: then one worker accepts. */
  readonly libc: Libc | null;
  readonly workers: number;
  readonly shareListeners: boolean;
  readonly sourceAddresses: readonly string[];
  readonly splice: boolean;
  /** The directory of the secrets that health checks send. */
  readonly secrets?: string;
  /** The operator's limit; 0: as many as descriptors and memory allow. */
  readonly maxConnections: number;
  /** Null: there is no connection log. */
  readonly connectionLog: Pick<ConnectionLogInputs, 'sink' | 'proxy' | 'instance'> | null;
  /** Locked. */
  readonly stateDir: string;
  readonly status: ConfigStatus;
  /** Called when something changed that is to be reported at once. */
  readonly report: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class DataPath {
  readonly applier: SnapshotApplier;
  readonly observer: Observer;
  readonly counts = new ProxyCounts();
  readonly healthChanges = new HealthChanges();
  readonly #whereabouts: ProxyWhereabouts;
  readonly #options: DataPathOptions;
  readonly #descriptors: number;
  #limit: ConnectionLimit;
  /** Listening addresses. */
  #listening: ReadonlySet<string> = new Set();
  /** Backends that may be checked. */
  #backends = 0;
  /** Rows of the listeners of the plan that runs. */
  #listenerRows: ReadonlySet<number> = new Set();
  readonly #shared: SharedCells;
  readonly #workerEvents: WorkerEvents;
  readonly #pool: WorkerPool;
  readonly #planApplier: PlanApplier;
  readonly #health: HealthMonitor;
  readonly #closings: BackendClosings;
  readonly #connectionLog: ConnectionLog | null;

  constructor(options: DataPathOptions) {
    const { clock, random, logger, libc, status, workers } = options;
    this.#options = options;
    const target = options.connectionLog;
    const buffers = createBuffers(workers, target !== null);
    const { logRings: rings } = buffers;
    this.#connectionLog = target && new ConnectionLog({ ...target, rings, clock });
    this.#shared = sharedCells(buffers);
    this.#descriptors = libc?.descriptorLimit() ?? descriptorLimitOf(readText);
    this.#limit = this.#limitConnections();
    this.#workerEvents = recordWorkerEvents(logger, this.counts, () => this.#limit, options.report);
    this.#health = new HealthMonitor({
      shared: this.#shared,
      checker: checkerByType(options),
      atOnce: checksAtOnce(this.#descriptors),
      clock,
      random,
      changes: this.healthChanges,
    });
    this.#pool = new WorkerPool({
      engine: options.engine,
      libc,
      buffers,
      sourceAddresses: options.sourceAddresses,
      splice: options.splice,
      parkingBytes: parkingBytes(cgroupMemory(readText), workers),
      clock,
      random,
      events: {
        ...this.#workerEvents.events,
        onEjected: (...ejection) => this.#health.ejected(...ejection),
      },
      startThread,
    });
    this.#planApplier = this.#createPlanApplier();
    this.#closings = new BackendClosings({ clock, pool: this.#pool, shared: this.#shared });
    this.healthChanges.subscribe((change) => {
      if (change.type === 'transition') this.#closings.healthChanged(change.pool, change.address, change.to);
    });
    this.observer = this.#createObserver(buffers);
    this.#whereabouts = new ProxyWhereabouts(clock);
    const log = this.#connectionLog;
    this.applier = new SnapshotApplier({
      stateDir: options.stateDir,
      rows: new RowAllocator(buffers),
      whereabouts: this.#whereabouts,
      planApplier: {
        apply: (plan, revise) => this.#apply(plan, revise),
        listen: (isReady) => this.#planApplier.listen(isReady),
      },
      readers: [
        ...(log ? [{ run: (plan: PlanDirectory) => log.run(plan), settle: () => log.drain() }] : []),
        this.observer,
      ],
      health: this.#health,
      closings: this.#closings,
      status,
      clock,
      logger,
    });
  }

  #createPlanApplier(): PlanApplier {
    const { clock, libc, logger, shareListeners, workers } = this.#options;
    return new PlanApplier({
      pool: this.#pool,
      sockets:
        libc &&
        new ListeningSockets({
          libc,
          workerCount: workers,
          shareListeners,
          movesClients: () => readNetworkSetting('tcp_migrate_req').trim() === '1',
        }),
      clock,
      obstacle: () => null,
      onGap: (from, to) =>
        logger.warn(
          { from, to },
          'a listener moves to an overlapping address: clients are refused for a moment',
        ),
      onListenersChanged: (failed) => this.applier.listenersFailed(failed),
    });
  }

  #createObserver(buffers: SharedBuffers): Observer {
    const { clock, status } = this.#options;
    return new Observer({
      buffers,
      healthOf: (backend) => this.#health.healthOf(backend),
      applied: () => status.observation,
      pools: () => this.#health.reportedPools(),
      restarts: () => this.#pool.restarts,
      process: () => ({
        ...processUsage(),
        saturated: this.#workerEvents.saturated,
        maxConnections: this.connectionLimit.connections,
      }),
      clock,
    });
  }

  async #apply(...[plan, revise]: Parameters<PlanApplier['apply']>): ReturnType<PlanApplier['apply']> {
    const addresses = plan.listeners.map(({ address }) => address);
    const before = limitProblem(this.#limit)?.message;
    // New sockets are opened before old ones are closed.
    this.#listening = new Set([...this.#listening, ...addresses]);
    const backends = plan.pools.reduce((sum, { rows }) => sum + rows.length, 0);
    this.#backends = Math.max(this.#backends, backends);
    this.#limit = this.#limitConnections();
    const result = await this.#planApplier.apply(plan, revise);
    this.#listening = new Set(addresses);
    this.#backends = backends;
    this.#listenerRows = new Set(plan.listeners.map(({ row }) => row));
    this.#limit = this.#limitConnections();
    const problem = limitProblem(this.#limit);
    // The listeners of a plan take descriptors too.
    if (problem && problem.message !== before) this.#options.logger.warn(problem.message);
    return result;
  }

  /** Computed again with every plan: its sockets take descriptors, and its backends take memory. */
  #limitConnections(): ConnectionLimit {
    const { engine, maxConnections, splice, workers } = this.#options;
    const others = otherDescriptors({
      engine,
      workers,
      listeners: this.#listening.size,
      pipes: splice && engine === 'epoll' ? MAX_PIPES : 0,
      healthChecks: Math.min(this.#backends, checksAtOnce(this.#descriptors)),
    });
    const limit = connectionLimit({
      descriptors: descriptorBound(this.#descriptors, others),
      memory: memoryBoundHere({ engine, workers }),
      flag: maxConnections || Number.POSITIVE_INFINITY,
    });
    const { control, listenerShare: shares } = this.#shared;
    Atomics.store(control, CONTROL.maxConnections, limit.connections);
    const share = listenerShare(limit.connections, this.#listenerRows.size);
    for (const row of shares.keys()) Atomics.store(shares, row, this.#listenerRows.has(row) ? share : 0);
    Atomics.store(control, CONTROL.shares, share * this.#listenerRows.size);
    return limit;
  }

  /** Starts the workers. Rejects when none starts. */
  async start(): Promise<void> {
    await this.#pool.start();
    // Only now the workers have taken their memory.
    this.#limit = this.#limitConnections();
  }

  /** For /metrics. */
  read(): Omit<ProxyReadings, 'connected' | 'configAgeSeconds' | 'isStateDirWritable' | 'build'> {
    return {
      ...this.observer.readTotals(),
      observation: this.observer.observe(),
      counts: this.counts,
      connectionLog: this.#connectionLog?.readings() ?? null,
      pools: this.#health.poolStates(),
      leadingBack: this.#health.leadingBack(),
    };
  }

  /** What a control plane says of other proxies' listeners; null: it is silent. */
  heardOfFleet(controlPlane: string, backends: readonly string[] | null): void {
    this.#whereabouts.heard(controlPlane, backends);
    this.#followAddresses();
  }

  /** To be called each second. */
  tick(): void {
    this.applier.sweep();
    this.#followAddresses();
  }

  #followAddresses(): void {
    if (this.#whereabouts.refresh()) void this.applier.whereaboutsChanged();
  }

  stopAccepting(): Promise<void> {
    return this.#planApplier.stopAccepting();
  }

  /** The maximum number of open connections, given the sockets that the plan listens on. */
  get connectionLimit(): ConnectionLimit {
    return this.#limit;
  }

  /** Open connections in all workers. */
  get connections(): number {
    return Atomics.load(this.#shared.control, CONTROL.connections);
  }

  /** Waits up to `drainMs` for connections to end, resets the rest and ends the workers. */
  async drain(drainMs: number): Promise<void> {
    await this.#pool.stop(drainMs);
    await this.#connectionLog?.stop();
    this.#closings.stop();
    this.#health.close();
  }
}
