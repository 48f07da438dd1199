/**
 * ReportService: proxies report to the fleet, and this replica tells them its status.
 *
 * Invariants
 *  - the first message of a stream, and no other, says which proxy reports;
 *  - the status is sent at once, and then at most once a second, if it has changed;
 *  - nothing is queued for a proxy that does not read; it gets the newest status when it does.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Position } from '../../core/model/commit.ts';
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { throwIfInvalid } from '../../core/runtime/request-violations.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { ReportServiceHandlers } from '../../core/wire/generated/lb/v1/ReportService.ts';
import type { SameIdProcess } from '../../core/wire/generated/lb/v1/SameIdProcess.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse } from '../../core/wire/generated/lb/v1/StreamReportsResponse.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { knownError } from '../rpc/unary.ts';
import { OpenStream, type OpenStreams } from '../rpc/open-streams.ts';
import type { Fleet, ReportSession } from './fleet.ts';
import type { Process, ProxyRecord, ReportOwner } from './proxy-record.ts';
import { proxyViolations } from './report-limits.ts';
import { STORE_FRESH_MS } from '../store/log/log-follower.ts';

const TICK_MS = 1_000;

/** Backends that are listeners of a proxy are a mistake, so there are few. Of each proxy, as many as it sends. */
const MAX_FLEET_BACKENDS = 1_024;

/** What proxies need to know about this replica. */
interface ReplicaStatus {
  /** Null: the store was never read. */
  readonly position: Position | null;
  /** Time since the store last answered; infinite if it never has. */
  readonly storeAgeMs: number;
  readonly stopping: boolean;
}

/** The status, and what concerns one proxy alone. */
interface Told extends ReplicaStatus {
  readonly sameId: readonly Process[];
  /** Addresses, with a space between them. */
  readonly fleetBackends: string;
}

export interface ReportOptions {
  readonly fleet: Fleet;
  readonly status: () => ReplicaStatus;
  /** A new one at every start. */
  readonly replicaId: string;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ReportService {
  readonly handlers: Pick<ReportServiceHandlers, 'StreamReports'>;
  /** Sends the status to every proxy now, instead of within a second. */
  sendStatus(): void;
}

export function reportService(options: ReportOptions): ReportService {
  const open = new Set<ReportStream>();
  let known: string | null = null;
  options.fleet.on('change', () => {
    known = null;
  });
  const fleetBackends = () => (known ??= backendsOfFleet(options.fleet.list()));
  return {
    handlers: {
      StreamReports(call) {
        const stream = new ReportStream(options, call, fleetBackends);
        open.add(stream);
        stream.onClose(() => open.delete(stream));
      },
    },
    sendStatus() {
      for (const stream of open) stream.sendStatus();
    },
  };
}

type Call = ServerDuplexStream<StreamReportsRequest__Output, StreamReportsResponse>;

class ReportStream {
  readonly #options: ReportOptions;
  readonly #call: Call;
  readonly #stream: OpenStream;
  readonly #firstMessageTimer: Timer;
  #session: ReportSession | null = null;
  #sent: Told | null = null;
  #sameId: readonly Process[] = [];
  #writable = true;
  readonly #fleetBackends: () => string;

  constructor(options: ReportOptions, call: Call, fleetBackends: () => string) {
    this.#fleetBackends = fleetBackends;
    const { clock, streams } = options;
    this.#options = options;
    this.#call = call;
    this.#stream = new OpenStream(call, streams);
    this.#firstMessageTimer = this.#stream.awaitFirstMessage(clock, 'proxy');
    const ticks = every(clock, TICK_MS, () => this.sendStatus());
    this.#stream.onClose(() => {
      ticks.cancel();
      this.#session?.close();
    });
    call.on('data', (request: StreamReportsRequest__Output) => this.#receive(request));
    call.on('drain', () => {
      this.#writable = true;
    });
    call.on('end', () => this.#stream.end());
    this.sendStatus();
  }

  onClose(action: () => void): void {
    this.#stream.onClose(action);
  }

  /** Sends the status if it has changed and the proxy reads. */
  sendStatus(): void {
    if (this.#stream.closed || !this.#writable) return;
    const status: Told = {
      ...this.#options.status(),
      sameId: this.#sameId,
      fleetBackends: this.#fleetBackends(),
    };
    if (this.#sent !== null && !hasChanged(this.#sent, status)) return;
    this.#sent = status;
    this.#writable = this.#call.write({
      position: status.position && positionToWire(status.position),
      storeAgeMs: String(Math.round(Math.min(status.storeAgeMs, Number.MAX_SAFE_INTEGER))),
      stopping: status.stopping,
      replicaId: this.#options.replicaId,
      sameId: status.sameId.map(sameIdToWire),
      fleetBackends: status.fleetBackends.split(' ').filter((address) => address !== ''),
    });
  }

  #receive(request: StreamReportsRequest__Output): void {
    if (this.#stream.closed) return;
    this.#firstMessageTimer.cancel();
    try {
      if (this.#session === null) this.#session = this.#introduce(request.proxy);
      else if (request.proxy)
        throw new LbError('INVALID_ARGUMENT', 'proxy is allowed in the first message only');
      this.#session.report(request);
    } catch (error) {
      this.#stream.end(knownError(error, 'StreamReports', this.#options.logger));
    }
  }

  #introduce(proxy: ProxyInfo__Output | null): ReportSession {
    if (proxy === null) {
      const message = 'the first message must name the proxy: proxy.id and proxy.instance_id';
      throw new LbError('INVALID_ARGUMENT', message);
    }
    throwIfInvalid(proxyViolations(proxy));
    const { fleet, logger } = this.#options;
    const peer = this.#call.getPeer();
    logger.info({ proxy: proxy.id, peer }, 'a proxy started to report');
    const owner: ReportOwner = {
      end: (reason) => {
        logger.warn({ proxy: proxy.id, reason: reason.message }, 'a report stream was replaced');
        this.#stream.end(reason);
      },
      sameId: (others) => {
        this.#sameId = others;
        const peers = [peer, ...others.map((other) => other.peer)];
        const words =
          others.length > 0
            ? 'several processes report under one id; give each its own --proxy-id'
            : 'only one process reports under this id now';
        logger.warn({ proxy: proxy.id, peers }, words);
        this.sendStatus();
      },
    };
    return fleet.connect(proxy, owner, peer);
  }
}

/** Addresses of backends that any connected proxy reports as listeners of its own. One that has left may never say that they end. */
function backendsOfFleet(proxies: readonly ProxyRecord[]): string {
  const all = proxies.flatMap(({ applied, connected }) => (connected && applied?.ownBackends) || []);
  return [...new Set(all)].sort().slice(0, MAX_FLEET_BACKENDS).join(' ');
}

export function sameIdToWire({ info, peer }: Process): SameIdProcess {
  return { instanceId: info.instanceId, peerAddress: peer, adminAddress: info.adminAddress };
}

function hasChanged(sent: Told, now: Told): boolean {
  if (sent.sameId !== now.sameId || sent.fleetBackends !== now.fleetBackends) return true;
  if (sent.stopping !== now.stopping || sent.position?.version !== now.position?.version) return true;
  return (
    sent.position?.hash !== now.position?.hash ||
    sent.storeAgeMs > STORE_FRESH_MS ||
    now.storeAgeMs > STORE_FRESH_MS
  );
}
