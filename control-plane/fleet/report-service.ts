/**
 * ReportService: what proxies report goes into the fleet; where this replica stands goes back.
 *
 * Invariants
 *  - a stream's first message, and only that, says who reports;
 *  - the replica's standing goes out at once and then at most once a second, when there is news in it;
 *  - nothing is queued for a proxy that does not read: it gets the newest standing when it does.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Position } from '../../core/model/commit.ts';
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { ReportServiceHandlers } from '../../core/wire/generated/lb/v1/ReportService.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse } from '../../core/wire/generated/lb/v1/StreamReportsResponse.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { knownError } from '../rpc/unary.ts';
import { endStream, type OpenStreams } from '../rpc/open-streams.ts';
import { awaitFirstMessage } from '../rpc/first-message.ts';
import type { Fleet, ReportSession } from './fleet.ts';
import { STORE_FRESH_MS } from '../store/log/log-follower.ts';

const TICK_MS = 1_000;
/** The longest host name there is. */
const MAX_ID_LENGTH = 253;

/** Where this replica stands. */
export interface Standing {
  /** Null: the store was never read. */
  readonly position: Position | null;
  /** Since the store was last heard; infinite before the first time. */
  readonly storeAgeMs: number;
  readonly stopping: boolean;
}

export interface ReportOptions {
  readonly fleet: Fleet;
  readonly standing: () => Standing;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ReportService {
  readonly handlers: Pick<ReportServiceHandlers, 'StreamReports'>;
  /** Tells every proxy now, rather than within a second. */
  tellStanding(): void;
}

export function reportService(options: ReportOptions): ReportService {
  const open = new Set<ReportStream>();
  return {
    handlers: {
      StreamReports(call) {
        const stream = new ReportStream(options, call, () => open.delete(stream));
        open.add(stream);
        stream.start();
      },
    },
    tellStanding() {
      for (const stream of open) stream.tellStanding();
    },
  };
}

type Call = ServerDuplexStream<StreamReportsRequest__Output, StreamReportsResponse>;

class ReportStream {
  readonly #options: ReportOptions;
  readonly #call: Call;
  readonly #onClose: () => void;
  #session: ReportSession | null = null;
  #told: Standing | null = null;
  #writable = true;
  #closed = false;
  #ticks: Timer | null = null;
  #silence: Timer | null = null;
  #unregister: () => void = () => undefined;

  constructor(options: ReportOptions, call: Call, onClose: () => void) {
    this.#options = options;
    this.#call = call;
    this.#onClose = onClose;
  }

  start(): void {
    const { clock, streams } = this.#options;
    const call = this.#call;
    this.#unregister = streams.add((reason) => this.#end(reason));
    this.#ticks = every(clock, TICK_MS, () => this.tellStanding());
    this.#silence = awaitFirstMessage(clock, 'proxy', (reason) => this.#end(reason));
    call.on('data', (request: StreamReportsRequest__Output) => this.#receive(request));
    call.on('drain', () => {
      this.#writable = true;
    });
    call.on('end', () => {
      this.#close();
      call.end();
    });
    call.on('cancelled', () => this.#close());
    this.tellStanding();
  }

  /** If there is news in it, and the proxy takes it. */
  tellStanding(): void {
    if (this.#closed || !this.#writable) return;
    const standing = this.#options.standing();
    if (this.#told !== null && !isNews(this.#told, standing)) return;
    this.#told = standing;
    this.#writable = this.#call.write({
      position: standing.position && positionToWire(standing.position),
      storeAgeMs: String(Math.round(Math.min(standing.storeAgeMs, Number.MAX_SAFE_INTEGER))),
      stopping: standing.stopping,
    });
  }

  #receive(request: StreamReportsRequest__Output): void {
    if (this.#closed) return;
    this.#silence?.cancel();
    try {
      if (this.#session === null) this.#session = this.#introduce(request.proxy);
      else if (request.proxy)
        throw new LbError('INVALID_ARGUMENT', 'proxy belongs in the first message only');
      this.#session.report(request);
    } catch (error) {
      this.#end(knownError(error, 'StreamReports', this.#options.logger));
    }
  }

  #introduce(proxy: ProxyInfo__Output | null): ReportSession {
    if (proxy === null || proxy.id === '' || proxy.instanceId === '') {
      const message = 'the first message must say who reports: proxy.id and proxy.instance_id';
      throw new LbError('INVALID_ARGUMENT', message);
    }
    if (proxy.id.length > MAX_ID_LENGTH || proxy.instanceId.length > MAX_ID_LENGTH) {
      throw new LbError(
        'INVALID_ARGUMENT',
        `proxy.id and proxy.instance_id have ${MAX_ID_LENGTH} characters at most`,
      );
    }
    const { fleet, logger } = this.#options;
    logger.info({ proxy: proxy.id, peer: this.#call.getPeer() }, 'a proxy reports');
    return fleet.connect(proxy, (reason) => {
      logger.warn({ proxy: proxy.id, reason: reason.message }, 'a report stream was replaced');
      this.#end(reason);
    });
  }

  #end(reason: LbError): void {
    if (this.#closed) return;
    this.#close();
    endStream(this.#call, reason);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticks?.cancel();
    this.#silence?.cancel();
    this.#unregister();
    this.#onClose();
    this.#session?.close();
  }
}

function isNews(told: Standing, now: Standing): boolean {
  if (told.stopping !== now.stopping || told.position?.version !== now.position?.version) return true;
  return (
    told.position?.hash !== now.position?.hash ||
    told.storeAgeMs > STORE_FRESH_MS ||
    now.storeAgeMs > STORE_FRESH_MS
  );
}
