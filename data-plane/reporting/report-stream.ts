/**
 * The report stream to one replica: connected again whenever it is lost, and never ahead of its receiver.
 *
 * Invariants
 *  - a report is sent whole, one message per turn of the event loop, and only while the stream has room; changes that
 *    happen meanwhile are combined in the next report;
 *  - nothing is sent before the replica has said which one it is, and only one stream reports to each replica: another
 *    address of the same one waits (Reporter);
 *  - the observation that was sent last is kept, so that the replica gets changes only, and everything after a reconnect.
 */
import type { ServiceError } from '@grpc/grpc-js';
import { type Backoff, backoff } from '../../core/runtime/backoff.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { SameIdProcess__Output } from '../../core/wire/generated/lb/v1/SameIdProcess.ts';
import type { StreamReportsRequest } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse__Output } from '../../core/wire/generated/lb/v1/StreamReportsResponse.ts';
import { positionFromWire } from '../../core/wire/snapshot-codec.ts';
import { reasonOf } from '../../core/wire/status.ts';
import type { ReplicaView } from '../subscription/replica-choice.ts';
import type { Observation } from '../telemetry/observation.ts';
import type { SharedReports } from './shared-reports.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS = { min: 100, max: 2_000 };
/** A stream that lived this long was a success: its end starts a new series of attempts. */
const GOOD_STREAM_MS = 10_000;
/** How often an address is tried again that led to a replica with a stream already. */
const TWIN_RETRY_MS = 10_000;
/** How long a stop waits for the replica to take the last message. */
const STOP_TIMEOUT_MS = 1_000;

interface ReplicaReport extends ReplicaView {
  /** Addresses of backends that are listeners of a proxy of the fleet. */
  readonly fleetBackends: readonly string[];
}

export interface ReportStreamOptions {
  readonly client: ReplicaClient;
  readonly reports: SharedReports;
  readonly observe: () => Observation;
  /** Called with the time that a message took on the main thread. */
  readonly onTook: (tookMs: number) => void;
  /** Whether this stream may report to the replica with this id; false: another stream does. */
  readonly claim: (replicaId: string) => boolean;
  /** Its replica has no stream any more. */
  readonly release: () => void;
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
  /** The replica has said which one it is. */
  #identified = false;
  /** Another address leads to the same replica, and its stream reports. */
  #isTwin = false;
  /** What was last logged about other processes with this proxy's id. */
  #sameId = '';
  #stopped = false;
  #timer: Timer | null = null;

  constructor(options: ReportStreamOptions) {
    this.#options = options;
    this.#backoff = backoff(RETRY_MS.min, RETRY_MS.max, options.random);
  }

  async start(): Promise<void> {
    const { client, clock, onReplica } = this.#options;
    this.#isTwin = false;
    const ready = await client.ready(CONNECT_TIMEOUT_MS);
    if (this.#stopped) return;
    if (!ready) {
      // What was heard here while another address had the stream may be of a replica that is gone.
      onReplica(client.address, null);
      return this.#retry();
    }
    const call = client.reports.streamReports();
    this.#call = call;
    this.#openedMs = clock.nowMs();
    call.on('data', (response: StreamReportsResponse__Output) => {
      if (call !== this.#call) return;
      this.#onReplica(response);
      if (!this.#identified) this.#identify(call, response.replicaId);
    });
    call.on('drain', () => {
      if (call !== this.#call) return;
      this.#writable = true;
      this.#proceed();
    });
    call.on('error', (error: ServiceError) => this.#lose(call, reasonOf(error)));
    call.on('end', () => this.#lose(call, 'the replica ended the stream'));
  }

  /** Its address led to a replica that lost the stream of another address: tries again at once. */
  hurry(): void {
    if (!this.#isTwin || this.#stopped) return;
    this.#timer?.cancel();
    void this.start();
  }

  #identify(call: Call, replicaId: string): void {
    const { claim, client, clock, logger } = this.#options;
    if (claim(replicaId)) {
      this.#identified = true;
      this.#writable = true;
      return this.offer(this.#options.observe());
    }
    logger.debug({ control_plane: client.address }, 'another address leads to the same control plane');
    this.#call = null;
    this.#isTwin = true;
    call.cancel();
    this.#timer = clock.after(TWIN_RETRY_MS, () => void this.start());
  }

  /** Sends what changed, as fast as the stream takes it. */
  offer(now: Observation): void {
    if (!this.#call || !this.#identified) return;
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
    if (!call || !this.#identified) {
      call?.cancel();
      return Promise.resolve();
    }
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
    this.#options.release();
  }

  #write(message: StreamReportsRequest | Buffer): void {
    this.#writable = this.#call?.write(message) ?? false;
  }

  #onReplica({ position, storeAgeMs, stopping, sameId, fleetBackends }: StreamReportsResponse__Output): void {
    const { client, logger, onReplica } = this.#options;
    this.#warnOf(sameId, logger);
    onReplica(client.address, {
      position: position && positionFromWire(position),
      storeAgeMs: Number(storeAgeMs),
      stopping,
      fleetBackends,
    });
  }

  #warnOf(sameId: readonly SameIdProcess__Output[], logger: Logger): void {
    const others = sameId.map(
      ({ peerAddress, adminAddress }) => `${peerAddress} (admin address ${adminAddress})`,
    );
    const text = others.join(', ');
    if (text === this.#sameId) return;
    this.#sameId = text;
    const control_plane = this.#options.client.address;
    if (text === '')
      logger.info({ control_plane }, 'no other process reports under this --proxy-id any more');
    else {
      const words = 'another process reports under this --proxy-id; give each process its own, or stop one';
      logger.warn({ control_plane, others }, words);
    }
  }

  #lose(call: Call, reason: string): void {
    if (call !== this.#call) return;
    const { client, clock, logger, onReplica, release } = this.#options;
    this.#call = null;
    this.#identified = false;
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
    release();
  }

  #retry(): void {
    this.#timer = this.#options.clock.after(this.#backoff.nextMs(), () => void this.start());
  }
}
