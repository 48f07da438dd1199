/**
 * The report stream to one replica: connected again whenever it is lost, and never ahead of its receiver.
 *
 * Invariants
 *  - a report is sent whole, one message per turn of the event loop, and only while the stream has room; changes that
 *    happen meanwhile are combined in the next report;
 *  - the observation that was sent last is kept, so that the replica gets changes only, and everything after a reconnect.
 */
import { type Backoff, backoff } from '../../core/runtime/backoff.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { StreamReportsRequest } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse__Output } from '../../core/wire/generated/lb/v1/StreamReportsResponse.ts';
import { positionFromWire } from '../../core/wire/snapshot-codec.ts';
import type { ReplicaView } from '../subscription/replica-choice.ts';
import type { Observation } from '../telemetry/observation.ts';
import type { SharedReports } from './shared-reports.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS = { min: 100, max: 2_000 };
/** A stream that lived this long was a success: its end starts a new series of attempts. */
const GOOD_STREAM_MS = 10_000;
/** How long a stop waits for the replica to take the last message. */
const STOP_TIMEOUT_MS = 1_000;

export interface ReplicaReport extends ReplicaView {
  /** Addresses of backends that are listeners of a proxy of the fleet. */
  readonly fleetBackends: readonly string[];
}

export interface ReportStreamOptions {
  readonly client: ReplicaClient;
  readonly reports: SharedReports;
  readonly observe: () => Observation;
  /** Called with the time that a message took on the main thread. */
  readonly onTook: (tookMs: number) => void;
  /** What the replica reports about itself; null: the stream is lost. */
  readonly onReplica: (replica: string, report: ReplicaReport | null) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

type Call = ReturnType<ReplicaClient['reports']['streamReports']>;

export class ReportStream {
  readonly #options: ReportStreamOptions;
  readonly #backoff: Backoff;
  #call: Call | null = null;
  #openedMs = 0;
  /** The observation that the replica has once `#rest` is sent. */
  #sent: Observation | null = null;
  /** The rest of the report that is being sent. */
  #rest: Iterator<Buffer> | null = null;
  #waiting: Observation | null = null;
  #turn: Timer | null = null;
  #writable = false;
  #stopped = false;
  #timer: Timer | null = null;

  constructor(options: ReportStreamOptions) {
    this.#options = options;
    this.#backoff = backoff(RETRY_MS.min, RETRY_MS.max, options.random);
  }

  async start(): Promise<void> {
    const { client, clock } = this.#options;
    const ready = await client.ready(CONNECT_TIMEOUT_MS);
    if (this.#stopped) return;
    if (!ready) return this.#retry();
    const call = client.reports.streamReports();
    this.#call = call;
    this.#openedMs = clock.nowMs();
    this.#writable = true;
    call.on('data', (response: StreamReportsResponse__Output) => {
      if (call === this.#call) this.#onReplica(response);
    });
    call.on('drain', () => {
      if (call !== this.#call) return;
      this.#writable = true;
      this.#proceed();
    });
    call.on('error', (error: Error) => this.#lose(call, error.message));
    call.on('end', () => this.#lose(call, 'the replica ended the stream'));
    this.offer(this.#options.observe());
  }

  /** Sends what changed, as fast as the stream takes it. */
  offer(now: Observation): void {
    if (!this.#call) return;
    this.#waiting = now;
    this.#proceed();
  }

  /** Sends one message now and the others in later turns of the event loop: health checks run in between. */
  #proceed(): void {
    if (this.#turn || !this.#writable) return;
    const { clock, onTook } = this.#options;
    const startMs = clock.nowMs();
    const message = this.#next();
    if (message) {
      this.#write(message);
      this.#turn = clock.after(0, () => {
        this.#turn = null;
        this.#proceed();
      });
    }
    onTook(clock.nowMs() - startMs);
  }

  #next(): Buffer | null {
    const next = this.#rest?.next();
    if (next && !next.done) return next.value;
    this.#rest = null;
    if (!this.#waiting) return null;
    this.#rest = this.#options.reports.between(this.#sent, this.#waiting);
    this.#sent = this.#waiting;
    this.#waiting = null;
    return this.#next();
  }

  /** Reports that the proxy is stopping, and ends the stream. Never rejects; bounded. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#turn?.cancel();
    const call = this.#call;
    if (!call) return Promise.resolve();
    for (let rest = this.#next(); rest; rest = this.#next()) this.#write(rest);
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(STOP_TIMEOUT_MS, () => call.cancel());
      const done = () => {
        timer.cancel();
        resolve();
      };
      call.once('end', done);
      call.once('error', done);
      this.#write({ stopping: true });
      call.end();
    });
  }

  /** Its replica is gone for good: sends nothing more, and calls nothing more. */
  drop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#turn?.cancel();
    const call = this.#call;
    this.#call = null;
    call?.cancel();
  }

  #write(message: StreamReportsRequest | Buffer): void {
    this.#writable = this.#call?.write(message) ?? false;
  }

  #onReplica({ position, storeAgeMs, stopping, fleetBackends }: StreamReportsResponse__Output): void {
    this.#options.onReplica(this.#options.client.address, {
      position: position && positionFromWire(position),
      storeAgeMs: Number(storeAgeMs),
      stopping,
      fleetBackends,
    });
  }

  #lose(call: Call, reason: string): void {
    if (call !== this.#call) return;
    const { client, clock, logger, onReplica } = this.#options;
    this.#call = null;
    this.#sent = null;
    this.#rest = null;
    this.#waiting = null;
    this.#turn?.cancel();
    this.#turn = null;
    this.#writable = false;
    if (this.#stopped) return;
    logger.debug({ control_plane: client.address, reason }, 'lost the report stream');
    if (clock.nowMs() - this.#openedMs >= GOOD_STREAM_MS) this.#backoff.reset();
    onReplica(client.address, null);
    this.#retry();
  }

  #retry(): void {
    this.#timer = this.#options.clock.after(this.#backoff.nextMs(), () => void this.start());
  }
}
