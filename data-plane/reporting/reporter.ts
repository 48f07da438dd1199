/** Reports to every control plane: urgent changes within milliseconds, changed counters every second. */
import type { Timer } from '../../core/runtime/clock.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { ProxyInfo } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import { ReportStream, type ReportStreamOptions } from './report-stream.ts';
import { SharedReports } from './shared-reports.ts';

const COUNTERS_MS = 1_000;
/**
 * Encoding the counters of 10,000 busy backends takes long. Reports take at most this share of the main thread's time,
 * since health checks run there too.
 */
const MAX_SHARE = 0.2;
/** Changes within this time are reported together. */
const COALESCE_MS = 5;
/** An observation of 10,000 backends takes milliseconds, so many changes in a row are reported at most this often. */
const URGENT_GAP_MS = 50;

export type ReporterOptions = Omit<
  ReportStreamOptions,
  'client' | 'reports' | 'onTook' | 'claim' | 'release'
> & {
  readonly replicas: readonly ReplicaClient[];
  readonly proxy: ProxyInfo;
};

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #shared: SharedReports;
  /** By the address of a replica. */
  readonly #streams = new Map<string, ReportStream>();
  /** The address whose stream reports to a replica, by the id of the replica. */
  readonly #claims = new Map<string, string>();
  #ticks: Timer | null = null;
  #urgent: Timer | null = null;
  #started = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** The main thread's time for the report of `#lastMs` so far. */
  #tookMs = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#shared = new SharedReports(options.proxy);
    this.setReplicas(options.replicas);
  }

  start(): void {
    this.#started = true;
    for (const stream of this.#streams.values()) void stream.start();
    this.#tick(COUNTERS_MS);
  }

  /** From now on reports to these replicas, and to no others. */
  setReplicas(replicas: readonly ReplicaClient[]): void {
    for (const [address, stream] of this.#streams) {
      if (replicas.some((client) => client.address === address)) continue;
      this.#streams.delete(address);
      stream.drop();
    }
    for (const client of replicas) {
      if (this.#streams.has(client.address)) continue;
      const stream = new ReportStream({
        ...this.#options,
        client,
        reports: this.#shared,
        onTook: (tookMs) => {
          this.#tookMs += tookMs;
        },
        claim: (replicaId) => this.#claim(replicaId, client.address),
        release: () => this.#release(client.address),
      });
      this.#streams.set(client.address, stream);
      if (this.#started) void stream.start();
    }
  }

  /** A replica of an older version has no id. */
  #claim(replicaId: string, address: string): boolean {
    if (replicaId === '') return true;
    const owner = this.#claims.get(replicaId) ?? address;
    this.#claims.set(replicaId, owner);
    return owner === address;
  }

  #release(address: string): void {
    for (const [replicaId, owner] of this.#claims) if (owner === address) this.#claims.delete(replicaId);
    for (const [other, stream] of this.#streams) if (other !== address) stream.hurry();
  }

  /** Reports the counters, unless the last report took so long that it is too early. */
  #tick(delayMs: number): void {
    const { clock } = this.#options;
    this.#ticks = clock.after(delayMs, () => {
      const earlyMs = this.#lastMs + this.#tookMs / MAX_SHARE - clock.nowMs();
      if (earlyMs <= 0) this.#report();
      this.#tick(earlyMs <= 0 ? COUNTERS_MS : earlyMs);
    });
  }

  /** Reports a change that cannot wait for the next second. */
  wake(): void {
    if (this.#urgent) return;
    const { clock } = this.#options;
    const delayMs = Math.max(COALESCE_MS, this.#lastMs + URGENT_GAP_MS - clock.nowMs());
    this.#urgent = clock.after(delayMs, () => {
      this.#urgent = null;
      this.#report();
    });
  }

  /** Sends what is left, reports that the proxy is stopping, and ends. Bounded by the streams' own deadline. */
  async stop(): Promise<void> {
    this.#ticks?.cancel();
    this.#urgent?.cancel();
    this.#report();
    await Promise.all(Array.from(this.#streams.values(), (stream) => stream.stop()));
  }

  #report(): void {
    const { clock, observe } = this.#options;
    this.#lastMs = clock.nowMs();
    const now = observe();
    this.#tookMs = clock.nowMs() - this.#lastMs;
    for (const stream of this.#streams.values()) stream.offer(now);
  }
}
