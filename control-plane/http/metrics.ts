/** The metrics of a control plane (docs/metrics.md). */
import { Counter, Gauge, Registry } from 'prom-client';
import { collectProcessMetrics } from '../../core/runtime/process-metrics.ts';
import { appliedRevision } from '../fleet/proxy-record.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { AppendEnd } from '../store/log/batch-machine.ts';
import type { KeptLog } from '../store/log/kept-log.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import { isRegistration } from '../store/member-store.ts';

const APPEND_ENDS: readonly AppendEnd[] = ['appended', 'conflict', 'unknown', 'refused'];

export interface Readings {
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly storeSizeBytes: () => Promise<number>;
  readonly keptLog: () => Promise<KeptLog>;
  readonly logLinesDropped: () => number;
}

const RESOLUTIONS = ['resolved', 'failed'] as const;

export class ControlPlaneMetrics {
  readonly #registry = new Registry();
  readonly #calls: Counter<'method' | 'code'>;
  readonly #commits: Counter<'result'>;
  readonly #nacks: Counter;
  readonly #resolutions: Counter<'result'>;

  constructor() {
    const registers = [this.#registry];
    collectProcessMetrics(this.#registry);
    this.#calls = new Counter({
      name: 'lb_grpc_calls_total',
      help: 'gRPC calls that have ended',
      labelNames: ['method', 'code'],
      registers,
    });
    this.#commits = new Counter({
      name: 'lb_store_commits_total',
      help: 'Commits sent to the store, by result',
      labelNames: ['result'],
      registers,
    });
    for (const result of APPEND_ENDS) this.#commits.inc({ result }, 0);
    this.#nacks = new Counter({
      name: 'lb_snapshot_nacks_total',
      help: 'Snapshots that a proxy refused',
      registers,
    });
    this.#resolutions = new Counter({
      name: 'lb_dns_resolutions_total',
      help: 'Times that this replica looked up a name of backends, by result',
      labelNames: ['result'],
      registers,
    });
    for (const result of RESOLUTIONS) this.#resolutions.inc({ result }, 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  readonly countCall = (method: string, code: string): void => this.#calls.inc({ method, code });
  readonly countAppend = (result: AppendEnd, commits: number): void => this.#commits.inc({ result }, commits);
  readonly countNack = (): void => this.#nacks.inc();
  readonly countResolution = (result: (typeof RESOLUTIONS)[number]): void =>
    this.#resolutions.inc({ result });

  /** Registers the gauges, which are read when they are scraped. */
  observe({ follower, fleet, storeSizeBytes, keptLog, logLinesDropped }: Readings): void {
    const revision = () => follower.current()?.position.revision ?? 0;
    const connected = () => fleet.list().filter((proxy) => proxy.connected);
    this.#gauge('lb_store_revision', 'The newest revision that this control plane knows', revision);
    this.#gauge(
      'lb_store_age_seconds',
      'Time since the store last answered; +Inf before the first answer',
      () => follower.storeAgeMs() / 1_000,
    );
    this.#gauge('lb_store_size_bytes', 'Size of the store on disk; NaN while it does not answer', () =>
      storeSizeBytes().catch(() => Number.NaN),
    );
    this.#gauge(
      'lb_proxies_connected',
      'Proxies that report to this control plane',
      () => connected().length,
    );
    this.#gauge('lb_proxies_behind', 'Connected proxies that do not run the newest revision yet', () => {
      const newest = revision();
      return connected().filter((proxy) => appliedRevision(proxy) < newest).length;
    });
    this.#gauge(
      'lb_proxies_with_same_id',
      'Processes that report under the id of another one; an alert should fire while there are any',
      () => connected().filter(({ sameId }) => sameId.length > 0).length,
    );
    const values: Counter = new Counter({
      name: 'lb_report_values_dropped_total',
      help: 'Values in reports of proxies that were dropped because they cannot be',
      registers: [this.#registry],
      collect() {
        values.reset();
        values.inc(fleet.droppedValues);
      },
    });
    this.#registrations(follower);
    this.#keptLog(keptLog);
    const dropped: Counter = new Counter({
      name: 'lb_log_records_dropped_total',
      help: 'Log lines dropped because their reader is too slow',
      registers: [this.#registry],
      collect() {
        dropped.reset();
        dropped.inc(logLinesDropped());
      },
    });
  }

  /** What the store keeps of the log; NaN while the store does not answer. */
  #keptLog(read: Readings['keptLog']): void {
    let reading: Promise<KeptLog> | null = null;
    // A scrape collects all of these gauges at once, so they share one reading of the store.
    const gauge = (name: string, help: string, pick: (kept: KeptLog) => number) =>
      this.#gauge(name, help, () => {
        reading ??= read().finally(() => (reading = null));
        return reading.then(pick, () => Number.NaN);
      });
    gauge(
      'lb_checkpoint_revision',
      'The revision of the newest checkpoint in the store; 0: there is none',
      ({ checkpointRevision }) => checkpointRevision,
    );
    gauge(
      'lb_checkpoint_age_seconds',
      'Time since the commit of the newest checkpoint was made; NaN: there is none',
      ({ checkpointAgeMs }) => checkpointAgeMs / 1_000,
    );
    gauge(
      'lb_store_oldest_revision',
      'The oldest revision that can still be read and rolled back to',
      ({ oldestRevision }) => oldestRevision,
    );
  }

  /** A pool that once had registrations keeps its series at 0 as long as it is configured, so that an alert can resolve. */
  #registrations(follower: LogFollower): void {
    const pools = new Set<string>();
    const perPool = (name: string, help: string, counts: (state: string) => boolean) => {
      const gauge: Gauge<'pool'> = new Gauge({
        name,
        help,
        labelNames: ['pool'],
        registers: [this.#registry],
        collect() {
          const registrations = follower.current()?.members.filter(isRegistration) ?? [];
          for (const { value } of registrations) pools.add(value.pool);
          const configured = follower.current()?.state.pools;
          const isGone = (pool: string) => configured?.has(pool) === false;
          for (const pool of pools) if (isGone(pool)) pools.delete(pool);
          gauge.reset();
          for (const pool of pools) {
            const own = registrations.filter(({ value }) => value.pool === pool && counts(value.state));
            gauge.set({ pool }, own.length);
          }
        },
      });
    };
    perPool('lb_registrations', 'Backends that registered themselves', () => true);
    perPool(
      'lb_registrations_held',
      'Registrations that were lost together and are kept for five minutes; an alert should fire while there are any',
      (state) => state === 'expiring',
    );
  }

  #gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: async () => gauge.set(await read()),
    });
  }
}
