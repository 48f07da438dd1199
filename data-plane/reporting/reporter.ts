/** Reports to every control plane: urgent changes within milliseconds, changed counters every second. */
import type { Timer } from '../../core/runtime/clock.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import { ReportStream, type ReportStreamOptions } from './report-stream.ts';

const COUNTERS_MS = 1_000;
/**
 * The counters of 10,000 busy backends take long to put into messages, once for each replica. Reporting takes at most
 * this share of the main thread's time: health checks run there too.
 */
const MAX_SHARE = 0.2;
/** What happens together is reported together. */
const COALESCE_MS = 5;
/** An observation of 10,000 backends takes milliseconds, so a storm of changes is reported at most this often. */
const URGENT_GAP_MS = 50;

export type ReporterOptions = Omit<ReportStreamOptions, 'client'> & {
  readonly replicas: readonly ReplicaClient[];
};

export class Reporter {
  readonly #options: ReporterOptions;
  /** By address. */
  readonly #streams = new Map<string, ReportStream>();
  #ticks: Timer | null = null;
  #urgent: Timer | null = null;
  #started = false;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.setReplicas(options.replicas);
  }

  start(): void {
    this.#started = true;
    for (const stream of this.#streams.values()) void stream.start();
    this.#tick(0);
  }

  /** Reports to these from now on, and to no others. */
  setReplicas(replicas: readonly ReplicaClient[]): void {
    for (const [address, stream] of this.#streams) {
      if (replicas.some((client) => client.address === address)) continue;
      this.#streams.delete(address);
      stream.drop();
    }
    for (const client of replicas) {
      if (this.#streams.has(client.address)) continue;
      const stream = new ReportStream({ ...this.#options, client });
      this.#streams.set(client.address, stream);
      if (this.#started) void stream.start();
    }
  }

  /** The next report of counters, after one that took `tookMs`. */
  #tick(tookMs: number): void {
    const { clock } = this.#options;
    this.#ticks = clock.after(Math.max(COUNTERS_MS, tookMs / MAX_SHARE), () => {
      this.#report();
      this.#tick(clock.nowMs() - this.#lastMs);
    });
  }

  /** Something changed that can't wait for the next second. */
  wake(): void {
    if (this.#urgent) return;
    const { clock } = this.#options;
    const delayMs = Math.max(COALESCE_MS, this.#lastMs + URGENT_GAP_MS - clock.nowMs());
    this.#urgent = clock.after(delayMs, () => {
      this.#urgent = null;
      this.#report();
    });
  }

  /** Sends what is left, says that the proxy stops, and ends. Bounded by the streams' own deadline. */
  async stop(): Promise<void> {
    this.#ticks?.cancel();
    this.#urgent?.cancel();
    this.#report();
    await Promise.all(Array.from(this.#streams.values(), (stream) => stream.stop()));
  }

  #report(): void {
    this.#lastMs = this.#options.clock.nowMs();
    const now = this.#options.observe();
    for (const stream of this.#streams.values()) stream.offer(now);
  }
}
