/** Everything on a proxy's main thread that serves clients: shared memory, workers, sockets, health checks. */
import type { Clock } from '../core/runtime/clock.ts';
import type { Logger } from '../core/runtime/logger.ts';
import { type Random, randomBelow } from '../core/runtime/random.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { checksAtOnce, type ConnectionLimit, descriptorLimitOf } from './host/connection-limit.ts';
import { readText } from './host/control-group.ts';
import { Certificates } from './certificates/certificates.ts';
import type { Engine } from './engine/engine.ts';
import { whyNotPortable } from './plan/why-not-portable.ts';
import { whyNoTls } from './tls/why-no-tls.ts';
import type { Libc } from './kernel/libc.ts';
import { checkerByType } from './health/checker-by-type.ts';
import { HealthChanges } from './health/health-changes.ts';
import { HealthMonitor } from './health/health-monitor.ts';
import { readNetworkSetting } from './host/kernel-settings.ts';
import { cgroupMemory, parkingBytes } from './host/memory-bound.ts';
import { recordWorkerEvents, type WorkerEvents } from './proxy-events.ts';
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
  /** The directory of the certificates that listeners terminate TLS with. */
  readonly certificates?: string;
  readonly randomBytes: (count: number) => Uint8Array;
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
  readonly #limits: ConnectionLimits;
  readonly #shared: SharedCells;
  readonly #workerEvents: WorkerEvents;
  readonly #pool: WorkerPool;
  readonly #planApplier: PlanApplier;
  readonly #certificates: Certificates;
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
    const descriptors = libc?.descriptorLimit() ?? descriptorLimitOf(readText);
    this.#limits = new ConnectionLimits(options, descriptors, this.#shared);
    const limit = () => this.connectionLimit;
    this.#workerEvents = recordWorkerEvents(logger, this.counts, limit, options.report);
    this.#health = new HealthMonitor({
      shared: this.#shared,
      checker: checkerByType(options),
      atOnce: checksAtOnce(descriptors),
      clock,
      random,
      changes: this.healthChanges,
      onPoolMoved: (pool) => this.#pool.wakeQueue(pool),
    });
    this.#pool = new WorkerPool({
      engine: options.engine,
      libc,
      buffers,
      sourceAddresses: options.sourceAddresses,
      instance: target?.instance,
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
    this.#certificates = new Certificates({
      ...options,
      directory: options.certificates,
      onBundle: (bundle) => this.#pool.useCertificates(bundle),
      onStatus: (certificates) => status.certificates(certificates),
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
    const { clock, engine, libc, logger, shareListeners, workers } = this.#options;
    return new PlanApplier({
      pool: this.#pool,
      sockets:
        libc &&
        new ListeningSockets({
          libc,
          workerCount: workers,
          maxSockets: Math.floor(this.#limits.descriptors / 2),
          shareListeners,
          movesClients: () => readNetworkSetting('tcp_migrate_req').trim() === '1',
        }),
      clock,
      obstacle: (listener, pool) =>
        (engine === 'portable' ? whyNotPortable(listener, pool) : whyNoTls(listener, pool)) ??
        this.#certificates.obstacle(listener),
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
    this.#limits.adding(plan);
    // Before the plan, so that workers have them when they need them.
    await this.#certificates.add(plan.listeners);
    const result = await this.#planApplier.apply(plan, revise);
    this.#certificates.keepOnly(plan.listeners);
    this.#limits.runs(plan);
    return result;
  }

  /** Starts the workers. Rejects when none starts. */
  async start(): Promise<void> {
    Atomics.store(this.#shared.control, CONTROL.sourceSeed, randomBelow(this.#options.random, 2 ** 31));
    await this.#pool.start();
    // Only now the workers have taken their memory.
    this.#limits.compute();
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
    return this.#limits.current;
  }

  /** Open connections in all workers. */
  get connections(): number {
    return Atomics.load(this.#shared.control, CONTROL.connections);
  }

  /** Waits up to `drainMs` for connections to end, resets the rest and ends the workers. */
  async drain(drainMs: number): Promise<void> {
    await this.#pool.stop(drainMs);
    await this.#connectionLog?.stop();
    this.#certificates.stop();
    this.#closings.stop();
    this.#health.close();
  }
}
