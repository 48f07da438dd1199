/** The composition root of a proxy's main thread: every `new`, in order. No client's bytes pass through here. */
import { randomUUID } from 'node:crypto';
import type { Snapshot } from '../core/model/snapshot.ts';
import { type Violation, violationText } from '../core/model/violation.ts';
import { every, sleep, type Timer } from '../core/runtime/clock.ts';
import { LbError } from '../core/runtime/errors.ts';
import type { HostPort } from '../core/runtime/flags.ts';
import { HttpServer } from '../core/runtime/http-server.ts';
import { systemLookup } from '../core/runtime/name-lookup.ts';
import { operationRoutes } from '../core/runtime/operation-routes.ts';
import type { SentToken } from '../core/runtime/token-file.ts';
import { VERSION } from '../core/runtime/version.ts';
import { connectReplica } from '../core/wire/clients.ts';
import type { ProxyInfo } from '../core/wire/generated/lb/v1/ProxyInfo.ts';
import { timestampToWire } from '../core/wire/timestamp-codec.ts';
import { chooseEngine, type EngineChoice, usableLibc } from './host/engine-choice.ts';
import type { Engine } from './engine/engine.ts';
import { epollEngineObstacle } from './engine/epoll/epoll-engine.ts';
import { clientMigrationAdvice, portReuseAdvice, readNetworkSetting } from './host/kernel-settings.ts';
import { Reporter } from './reporting/reporter.ts';
import { limitProblem, recordHealthChange } from './proxy-events.ts';
import { checkSourceAddresses } from './host/source-addresses.ts';
import { ConfigStatus } from './subscription/config-status.ts';
import { LastGoodSnapshot } from './subscription/last-good-snapshot.ts';
import { ReplicaDirectory } from './subscription/replica-directory.ts';
import type { SavedSnapshot } from './subscription/snapshot-file.ts';
import { lockStateDir, whyUnwritable } from './subscription/state-dir.ts';
import { Subscription } from './subscription/subscription.ts';
import type { LineSink } from '../core/runtime/line-sink.ts';
import { createProxyMetrics } from './telemetry/proxy-metrics.ts';
import { DataPath, type DataPathOptions } from './data-path.ts';

const MAX_ADMIN_CONNECTIONS = 64;
/** How often rows that nothing uses any more are taken back, and the addresses of this host are read. */
const SWEEP_MS = 1_000;
/** What runs is called stale after this long without a control plane. A fail-over takes less. */
const STALE_AFTER_S = 10;

/** The options of the data path, and the identity and control planes of this proxy. */
export interface ProxyOptions
  extends Omit<DataPathOptions, 'engine' | 'libc' | 'connectionLog' | 'status' | 'report'> {
  readonly proxyId: string;
  readonly zone: string;
  /** HOST:PORT of one or more replicas. */
  readonly controlPlanes: readonly string[];
  readonly token?: SentToken;
  readonly adminAddress: HostPort;
  readonly engine: EngineChoice;
  /** How many backends /metrics shows by name. */
  readonly metricBackends: number;
  /** Null: there is no connection log. */
  readonly connectionLog: LineSink | null;
  readonly shutdownDelayMs: number;
  readonly drainTimeoutMs: number;
  /** Log lines that the sink dropped. */
  readonly logLinesDropped: () => number;
}

/** Construct, `start` once, `stop` once. */
export class Proxy {
  readonly #options: ProxyOptions;
  readonly #engine: Engine['name'];
  readonly #instanceId = randomUUID();
  readonly #status: ConfigStatus;
  readonly #stateDir: string;
  readonly #dataPath: DataPath;
  readonly #replicas: ReplicaDirectory;
  readonly #admin: HttpServer;
  readonly #lastGood: LastGoodSnapshot;
  #subscription: Subscription | null = null;
  #reporter: Reporter | null = null;
  #sweeps: Timer | null = null;
  /** When an earlier process saved the snapshot that runs. */
  #savedAtMs: number | null = null;
  #stopping = false;

  /** Throws LbError when this host or the state directory can't be used. */
  constructor(options: ProxyOptions) {
    const { clock, random, logger } = options;
    this.#options = options;
    const libc = usableLibc(options);
    const { engine, fellBack } = chooseEngine(
      options.engine,
      // Only checked when epoll may be used, because the check opens sockets.
      options.engine === 'portable' ? null : epollEngineObstacle(),
    );
    if (fellBack !== null)
      logger.warn({ reason: fellBack }, 'the epoll engine cannot run here; the portable engine is used');
    this.#engine = engine;
    const stateDir = lockStateDir(options.stateDir, libc, (words) => logger.warn(words));
    this.#stateDir = stateDir;
    this.#lastGood = new LastGoodSnapshot({ stateDir, clock, logger });
    const report = () => this.#reporter?.wake();
    this.#status = new ConfigStatus(report);
    this.#dataPath = new DataPath({
      ...options,
      engine: this.#engine,
      libc,
      connectionLog: options.connectionLog && {
        sink: options.connectionLog,
        proxy: options.proxyId,
        instance: this.#instanceId.slice(0, 8),
      },
      stateDir,
      status: this.#status,
      report,
    });
    this.#replicas = new ReplicaDirectory({
      given: options.controlPlanes,
      connect: (address) => connectReplica(address, options.token),
      lookup: systemLookup,
      clock,
      random,
      logger,
    });
    const metrics = createProxyMetrics(() => this.#read(), options.metricBackends);
    const warnings = () => this.#warnings();
    this.#admin = new HttpServer({
      routes: operationRoutes(metrics, () => this.#notReady(), clock, warnings),
      what: 'the admin address',
      flag: '--admin-address',
      maxConnections: MAX_ADMIN_CONNECTIONS,
      logger,
    });
    // The one place where a change of health is logged, counted and reported.
    this.#dataPath.healthChanges.subscribe((change) => {
      recordHealthChange(change, logger, this.#dataPath.counts);
      report();
    });
  }

  /** Serves the snapshot on disk before any control plane answers. */
  async start(): Promise<void> {
    const { adminAddress, clock, logger, proxyId, shareListeners, workers } = this.#options;
    await checkSourceAddresses(this.#options.sourceAddresses);
    const address = await this.#admin.listen(adminAddress);
    await this.#dataPath.start();
    const { bound, connections } = this.#dataPath.connectionLimit;
    const problem = limitProblem(this.#dataPath.connectionLimit);
    if (problem?.isFatal) throw new LbError('FAILED_PRECONDITION', problem.message);
    if (problem) logger.warn(problem.message);
    const limit = { connection_limit: connections, limited_by: bound };
    logger.info(
      { proxy_id: proxyId, admin_address: address, engine: this.#engine, workers, ...limit },
      'proxy started',
    );
    const advice = [
      portReuseAdvice(readNetworkSetting('tcp_tw_reuse')),
      shareListeners ? clientMigrationAdvice(readNetworkSetting('tcp_migrate_req')) : null,
    ];
    for (const each of advice) if (each) logger[each.level](each.message);
    const saved = await this.#lastGood.resume((snapshot) => this.#dataPath.applier.resume(snapshot));
    this.#savedAtMs = saved?.savedAtMs ?? null;
    this.#subscription = this.#createSubscription(saved);
    this.#reporter = this.#createReporter(this.#subscription, address);
    this.#subscription.start();
    this.#reporter.start();
    this.#replicas.start((replicas) => {
      // First, so that the subscription knows a new replica before its first report arrives.
      this.#subscription?.setReplicas(replicas);
      this.#reporter?.setReplicas(replicas);
    });
    this.#sweeps = every(clock, SWEEP_MS, () => {
      this.#dataPath.tick();
      this.#status.stale((this.#configAgeSeconds() ?? 0) > STALE_AFTER_S);
    });
  }

  /**
   * Stays ready to accept, but says that it is not, for the shutdown delay; then accepts nothing, waits for connections,
   * resets those that are left and says goodbye. Takes the delay, the drain timeout and a few seconds at most.
   */
  async stop(): Promise<void> {
    const { clock, drainTimeoutMs, logger, shutdownDelayMs } = this.#options;
    const dataPath = this.#dataPath;
    this.#stopping = true;
    if (shutdownDelayMs > 0) {
      logger.info(
        { delay_ms: shutdownDelayMs },
        'no longer ready; accepting until the shutdown delay is over',
      );
      await sleep(clock, shutdownDelayMs);
    }
    this.#subscription?.stop();
    await dataPath.stopAccepting();
    logger.info(
      { connections: dataPath.connections, timeout_ms: drainTimeoutMs },
      'no longer accepting; waiting for open connections',
    );
    await dataPath.drain(drainTimeoutMs);
    await this.#reporter?.stop();
    this.#sweeps?.cancel();
    this.#lastGood.survived();
    this.#admin.close();
    this.#replicas.stop();
    logger.info('stopped');
  }

  async #apply(snapshot: Snapshot): Promise<readonly Violation[]> {
    const violations = await this.#dataPath.applier.apply(snapshot);
    if (violations.length > 0) return violations;
    this.#dataPath.counts.snapshots.applied += 1;
    this.#lastGood.survived();
    return violations;
  }

  #createSubscription(saved: SavedSnapshot | null): Subscription {
    const { clock, random, logger, proxyId } = this.#options;
    return new Subscription({
      proxyId,
      replicas: this.#replicas.replicas,
      current: saved?.snapshot ?? null,
      apply: (snapshot) => this.#apply(snapshot),
      onRejected: (position, violations) => {
        this.#dataPath.counts.snapshots.refused += 1;
        this.#status.rejected(position, violations);
      },
      onAllFailed: () => this.#replicas.hurry(),
      onConfirmed: () => {
        this.#lastGood.survived();
        this.#status.confirmed();
      },
      clock,
      random,
      logger,
    });
  }

  #createReporter(subscription: Subscription, adminAddress: string): Reporter {
    const { clock, random, logger } = this.#options;
    return new Reporter({
      replicas: this.#replicas.replicas,
      proxy: describeProxy(this.#options, this.#instanceId, this.#engine, adminAddress),
      observe: () => this.#dataPath.observer.observe(),
      onReplica: (replica, report) => {
        subscription.onReplicaReport(replica, report);
        this.#dataPath.heardOfFleet(replica, report?.fleetBackends ?? null);
      },
      clock,
      random,
      logger,
    });
  }

  #read() {
    const readings = this.#dataPath.read();
    return {
      ...readings,
      connected: this.#subscription?.connected ?? false,
      configAgeSeconds: this.#configAgeSeconds(),
      isStateDirWritable: whyUnwritable(this.#stateDir) === null,
      build: { version: VERSION, engine: this.#engine },
      logRecordsDropped: readings.logRecordsDropped + this.#options.logLinesDropped(),
    };
  }

  /** Since a control plane last confirmed what runs; null: nothing runs. */
  #configAgeSeconds(): number | null {
    if (!this.#status.observation.running) return null;
    const sinceMs = this.#subscription?.lastConnectedMs ?? this.#savedAtMs;
    return sinceMs === null ? null : Math.max(0, (this.#options.clock.wallMs() - sinceMs) / 1_000);
  }

  /** What works, and should be put right. */
  #warnings(): string[] {
    const refused = this.#status.observation.rejected?.violations.map(violationText) ?? [];
    return [whyUnwritable(this.#stateDir) ?? [], refused.slice(0, 1)].flat();
  }

  #notReady(): string[] {
    const reasons: string[] = [];
    if (this.#stopping) reasons.push('it is stopping');
    if (this.#dataPath.applier.isOpening) {
      reasons.push('the first checks of its backends are not over');
    } else if (!this.#status.observation.running) {
      const addresses = this.#options.controlPlanes.join(', ');
      reasons.push(`it runs no snapshot yet: there was none on disk, and none has arrived from ${addresses}`);
    }
    return reasons;
  }
}

function describeProxy(
  options: ProxyOptions,
  instanceId: string,
  engine: string,
  adminAddress: string,
): ProxyInfo {
  const { proxyId, zone, clock } = options;
  return {
    id: proxyId,
    zone,
    version: VERSION,
    engine,
    adminAddress,
    startedAt: timestampToWire(clock.wallMs()),
    instanceId,
  };
}
