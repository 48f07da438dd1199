/** The composition root of a proxy's main thread: every `new`, in order. No traffic passes here. */
import { randomUUID } from 'node:crypto';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { Violation } from '../core/model/violation.ts';
import { type Clock, every, type Timer } from '../core/runtime/clock.ts';
import { LbError } from '../core/runtime/errors.ts';
import type { HostPort } from '../core/runtime/flags.ts';
import type { HttpServer } from '../core/runtime/http-server.ts';
import type { Logger } from '../core/runtime/logger.ts';
import { systemLookup } from '../core/runtime/name-lookup.ts';
import type { Random } from '../core/runtime/random.ts';
import type { SentToken } from '../core/runtime/token-file.ts';
import { VERSION } from '../core/runtime/version.ts';
import { connectReplica } from '../core/wire/clients.ts';
import type { ProxyInfo } from '../core/wire/generated/lb/v1/ProxyInfo.ts';
import { timestampToWire } from '../core/wire/timestamp-codec.ts';
import { adminServer } from './admin-server.ts';
import { chooseEngine, type EngineChoice } from './host/engine-choice.ts';
import type { Engine } from './engine/engine.ts';
import { epollEngineObstacle } from './engine/epoll/epoll-engine.ts';
import { type Libc, loadLibc } from './kernel/libc.ts';
import { portReuseAdvice, readTcpTwReuse } from './host/port-reuse.ts';
import { Reporter } from './reporting/reporter.ts';
import { shutDown, type ShutdownTimes } from './shutdown.ts';
import { checkSourceAddresses } from './host/source-addresses.ts';
import { ConfigStatus } from './subscription/config-status.ts';
import { LastGoodSnapshot } from './subscription/last-good-snapshot.ts';
import { ReplicaDirectory } from './subscription/replica-directory.ts';
import type { SavedSnapshot } from './subscription/snapshot-file.ts';
import { lockStateDir } from './subscription/state-dir.ts';
import { Subscription } from './subscription/subscription.ts';
import type { LineSink } from '../core/runtime/line-sink.ts';
import { createProxyMetrics } from './telemetry/proxy-metrics.ts';
import { DataPath } from './data-path.ts';

/** How often rows that nothing uses any more are looked for. */
const SWEEP_MS = 1_000;
/** Without a control plane for so long, what runs is called stale. A fail-over takes less. */
const STALE_AFTER_S = 10;

export interface ProxyOptions extends ShutdownTimes {
  readonly proxyId: string;
  readonly zone: string;
  /** HOST:PORT of one or more replicas. */
  readonly controlPlanes: readonly string[];
  readonly token?: SentToken;
  readonly adminAddress: HostPort;
  readonly stateDir: string;
  readonly workers: number;
  readonly shareListeners: boolean;
  readonly sourceAddresses: readonly string[];
  readonly splice: boolean;
  /** 0: as many as there is room for. */
  readonly maxConnections: number;
  readonly engine: EngineChoice;
  /** How many backends /metrics shows by name. */
  readonly metricBackends: number;
  /** Where lines about connections go; null: nowhere. */
  readonly connectionLog: LineSink | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Log lines that the sink dropped. */
  readonly logLinesDropped: () => number;
}

/** Construct, `start` once, `stop` once. */
export class Proxy {
  readonly #options: ProxyOptions;
  readonly #engine: Engine['name'];
  readonly #stateDir: string;
  readonly #instanceId = randomUUID();
  readonly #status: ConfigStatus;
  readonly #dataPath: DataPath;
  readonly #replicas: ReplicaDirectory;
  readonly #admin: HttpServer;
  readonly #lastGood: LastGoodSnapshot;
  #subscription: Subscription | null = null;
  #reporter: Reporter | null = null;
  #sweeps: Timer | null = null;
  /** When what runs was saved by an earlier process. */
  #savedAtMs: number | null = null;
  #stopping = false;

  /** Throws LbError when this host or the state directory can't be used. */
  constructor(options: ProxyOptions) {
    const { clock, random, logger } = options;
    this.#options = options;
    const libc = loadCLibrary(options);
    const { engine, fellBack } = chooseEngine(options.engine, obstacleTo(options.engine));
    if (fellBack !== null)
      logger.warn({ reason: fellBack }, 'the epoll engine cannot run here: using the portable one');
    this.#engine = engine;
    this.#stateDir = lockStateDir(options.stateDir, libc);
    this.#lastGood = new LastGoodSnapshot({ stateDir: this.#stateDir, clock, logger });
    const report = () => this.#reporter?.wake();
    this.#status = new ConfigStatus(report);
    this.#dataPath = new DataPath({
      engine: this.#engine,
      libc,
      workers: options.workers,
      shareListeners: options.shareListeners,
      sourceAddresses: options.sourceAddresses,
      splice: options.splice,
      maxConnections: options.maxConnections,
      connectionLog: options.connectionLog && {
        sink: options.connectionLog,
        proxy: options.proxyId,
        instance: this.#instanceId.slice(0, 8),
      },
      stateDir: this.#stateDir,
      status: this.#status,
      report,
      clock,
      random,
      logger,
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
    this.#admin = adminServer(metrics, () => this.#notReady(), logger);
  }

  /** Serves what was read from disk before any control plane answers. */
  async start(): Promise<void> {
    const { adminAddress, clock, logger, proxyId, workers } = this.#options;
    await checkSourceAddresses(this.#options.sourceAddresses);
    const address = await this.#admin.listen(adminAddress);
    await this.#dataPath.start();
    const { bound, connections } = this.#dataPath.connectionLimit;
    const limit = { connection_limit: connections, limited_by: bound };
    logger.info(
      { proxy_id: proxyId, admin_address: address, engine: this.#engine, workers, ...limit },
      'proxy started',
    );
    const advice = portReuseAdvice(readTcpTwReuse());
    if (advice) logger[advice.level](advice.message);
    const saved = await this.#lastGood.resume((snapshot) => this.#dataPath.applier.resume(snapshot));
    this.#savedAtMs = saved?.savedAtMs ?? null;
    this.#subscription = this.#createSubscription(saved);
    this.#reporter = this.#createReporter(this.#subscription, address);
    this.#subscription.start();
    this.#reporter.start();
    this.#replicas.start((replicas) => {
      // First, so that a new replica's report does not find it unknown.
      this.#subscription?.setReplicas(replicas);
      this.#reporter?.setReplicas(replicas);
    });
    this.#sweeps = every(clock, SWEEP_MS, () => {
      this.#dataPath.applier.sweep();
      this.#status.stale((this.#configAgeSeconds() ?? 0) > STALE_AFTER_S);
    });
  }

  /** Bounded by the shutdown delay, the drain timeout and a few seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const dataPath = this.#dataPath;
    const steps = {
      unsubscribe: () => this.#subscription?.stop(),
      stopAccepting: () => dataPath.stopAccepting(),
      connections: () => dataPath.connections,
      drain: (drainMs: number) => dataPath.drain(drainMs),
      sayGoodbye: async () => this.#reporter?.stop(),
      release: () => {
        this.#sweeps?.cancel();
        this.#lastGood.survived();
        this.#admin.close();
        this.#replicas.stop();
      },
    };
    await shutDown(steps, this.#options, this.#options.clock, this.#options.logger);
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
      onReplica: (replica, view) => subscription.onReplicaReport(replica, view),
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
      build: { version: VERSION, engine: this.#engine },
      logRecordsDropped: readings.logRecordsDropped + this.#options.logLinesDropped(),
    };
  }

  /** Since a control plane last stood by what runs; null: nothing runs. */
  #configAgeSeconds(): number | null {
    if (!this.#status.observation.running) return null;
    const sinceMs = this.#subscription?.lastConnectedMs ?? this.#savedAtMs;
    return sinceMs === null ? null : Math.max(0, (this.#options.clock.wallMs() - sinceMs) / 1_000);
  }

  #notReady(): string[] {
    const reasons: string[] = [];
    if (this.#stopping) reasons.push('it is stopping');
    if (!this.#status.observation.running) {
      const addresses = this.#options.controlPlanes.join(', ');
      reasons.push(`it runs no snapshot yet: there was none on disk, and none has come from ${addresses}`);
    }
    return reasons;
  }
}

/** Why the epoll engine can't run here. Not asked where another one was named: the answer takes a self-check. */
function obstacleTo(choice: EngineChoice): string | null {
  return choice === 'portable' ? null : epollEngineObstacle();
}

/** Null, with a warning, where it can't be called; an error where something was asked for that needs it. */
function loadCLibrary({ logger, shareListeners, workers }: ProxyOptions): Libc | null {
  const { libc, reason } = loadLibc();
  if (libc) return libc;
  if (shareListeners) {
    throw new LbError('FAILED_PRECONDITION', `--share-listeners needs the C library, but ${reason}`);
  }
  logger.warn({ reason, workers }, 'the C library cannot be called: only one worker accepts connections');
  return null;
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
