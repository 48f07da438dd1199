/** What is known about one process that reports, and how its reports change it. Times are arguments. */
import { LIMITS } from '../../core/model/limits.ts';
import type { Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { BackendReport__Output } from '../../core/wire/generated/lb/v1/BackendReport.ts';
import type { ListenerReport__Output } from '../../core/wire/generated/lb/v1/ListenerReport.ts';
import type { PoolReport__Output } from '../../core/wire/generated/lb/v1/PoolReport.ts';
import type { ProcessReport__Output } from '../../core/wire/generated/lb/v1/ProcessReport.ts';
import type { QueueReport__Output } from '../../core/wire/generated/lb/v1/QueueReport.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { WorkerReport__Output } from '../../core/wire/generated/lb/v1/WorkerReport.ts';
import { BackendDirectory } from './backend-directory.ts';
import { boundsOf, type HistogramBounds } from './histogram.ts';
import type { DroppedValues } from './report-limits.ts';
import { type BackendChange, ReportedBackends } from './reported-backends.ts';

/** What a configuration can have, twice, since what was removed stays while it has connections. More is a mistake. */
const MOST = {
  backends: 2 * (LIMITS.backends + LIMITS.registrations),
  listeners: 2 * LIMITS.listeners,
  pools: 2 * LIMITS.pools,
  waiting: 2 * LIMITS.pools,
  workers: 1_024,
} as const;

/** The `lastSeenMs` of a proxy that has not been seen since this replica started. */
export const NEVER_SEEN_MS = 0;

/** A process that reports, or did. */
export interface Process {
  readonly info: ProxyInfo__Output;
  /** The address that it reports from; empty: it has not reported to this replica. */
  readonly peer: string;
}

/** A proxy finds a backend in another health than before. */
export interface HealthTransition {
  readonly pool: string;
  readonly address: string;
  readonly health: string;
  readonly reason: string;
}

/** A pool stands otherwise at a proxy than before. */
export interface PoolTransition {
  readonly pool: string;
  readonly before: PoolState;
  readonly now: PoolState;
}

type PoolState = Pick<PoolReport__Output, 'noneHealthy' | 'servingTier'>;

/** Of a pool that is not reported. */
const ORDINARY: PoolState = { noneHealthy: false, servingTier: 0 };

export type Transition = HealthTransition | PoolTransition;

export interface ReportChanges {
  /** Of a backend or a pool. */
  readonly healthChanged: boolean;
  readonly transitions: readonly Transition[];
  /** What the proxy ran before this report said what it runs; null: not known, or the report does not say. */
  readonly before: AppliedSnapshot__Output | null;
}

interface BackendReports extends Iterable<readonly [string, BackendReport__Output]> {
  readonly size: number;
  get(key: string): BackendReport__Output | undefined;
}

/** A proxy as readers see it. Its histograms are not kept here: stats-aggregator.ts sums up their increases. */
export interface ProxyRecord extends Process {
  /** Other processes that report under its id at the same time. */
  readonly sameId: readonly Process[];
  readonly connected: boolean;
  /** When its report stream was opened, or when it was first read from the store. */
  readonly openedMs: number;
  /** NEVER_SEEN_MS: the store lists it, but it has not reported to this replica yet. */
  readonly lastSeenMs: number;
  /** Null: it has not reported what it runs. */
  readonly applied: AppliedSnapshot__Output | null;
  /** By POOL/ADDRESS. */
  readonly backends: BackendReports;
  /** By name. */
  readonly listeners: ReadonlyMap<string, ListenerReport__Output>;
  /** By name; only those that have several tiers, or nothing healthy. */
  readonly pools: ReadonlyMap<string, PoolReport__Output>;
  /** By pool: connections that wait for a place at a backend, where any do. */
  readonly waiting: ReadonlyMap<string, number>;
  /** By index. */
  readonly workers: ReadonlyMap<number, WorkerReport__Output>;
}

/** What becomes of a report stream. */
export interface ReportOwner {
  /** Called at most once, when the stream must end, and never after `close`. */
  end(reason: LbError): void;
  /** Other processes now report under the same id; none: not any more. */
  sameId(others: readonly Process[]): void;
}

/** Who adds up traffic. `before` is null for what is new, and `now` for what is not reported any more. */
export interface TrafficCounter {
  backend(change: BackendChange): void;
  listener(
    proxyId: string,
    before: ListenerReport__Output | null,
    now: ListenerReport__Output | null,
    bounds: HistogramBounds,
  ): void;
  process(proxyId: string, before: ProcessReport__Output | null, now: ProcessReport__Output | null): void;
}

/** What all proxies of a fleet share. */
export interface SharedByProxies {
  readonly directory: BackendDirectory;
  readonly dropped: DroppedValues;
  counter: TrafficCounter | null;
}

export function newShared(): SharedByProxies {
  return { directory: new BackendDirectory(), dropped: { count: 0 }, counter: null };
}

/** The same, writable, for the fleet alone. */
export class ReportedProxy implements ProxyRecord {
  readonly info: ProxyInfo__Output;
  readonly peer: string;
  sameId: readonly Process[] = [];
  /** Of the open report stream; null: the proxy is away. */
  owner: ReportOwner | null = null;
  /** Ends what is waited for: a sign of life while it is connected, and its return while it is away. */
  timer: Timer | null = null;
  /** It has announced that it stops. */
  stopping = false;
  readonly openedMs: number;
  lastSeenMs: number;
  applied: AppliedSnapshot__Output | null = null;
  readonly backends: ReportedBackends;
  readonly listeners = new Map<string, ListenerReport__Output>();
  readonly pools = new Map<string, PoolReport__Output>();
  readonly waiting = new Map<string, number>();
  readonly workers = new Map<number, WorkerReport__Output>();

  readonly #shared: SharedByProxies;
  #process: ProcessReport__Output | null = null;
  /** What was known before this stream, until all of its first report has come. */
  #earlier: ReportedProxy | null = null;

  constructor(info: ProxyInfo__Output, nowMs: number, peer = '', shared: SharedByProxies = newShared()) {
    this.info = info;
    this.peer = peer;
    this.backends = new ReportedBackends(shared);
    this.openedMs = nowMs;
    this.lastSeenMs = nowMs;
    this.#shared = shared;
  }

  get connected(): boolean {
    return this.owner !== null;
  }

  /** Another process came under its id, and it has not reported since. */
  get isDoubted(): boolean {
    return this.connected && this.timer !== null;
  }

  /** Nothing more comes from its stream, and nothing of it counts any more; ends the stream unless `reason` is null. */
  end(reason: LbError | null): void {
    const { owner } = this;
    this.timer?.cancel();
    this.timer = null;
    if (owner === null) return;
    this.owner = null;
    for (const listener of this.listeners.values()) this.#countListener(listener, null);
    this.#shared.counter?.process(this.info.id, this.#process, null);
    this.backends.stopCounting();
    if (reason !== null) owner.end(reason);
  }

  /** It is compared with until all of the first report has come, and forgotten then. */
  follow(earlier: ReportedProxy): void {
    if (earlier.applied !== null) this.#earlier = earlier;
    else {
      this.#earlier = earlier.#earlier;
      earlier.#earlier = null;
      earlier.forget();
    }
  }

  /** Gives up what it shares with other proxies. Nobody may read it any more. */
  forget(): void {
    this.#forgetEarlier();
    this.backends.clear();
  }

  /** Takes over what a report says; whatever it leaves out stays as it was. */
  apply(request: StreamReportsRequest__Output, nowMs: number): ReportChanges {
    let healthChanged = request.pools.length > 0;
    const transitions: Transition[] = [];
    const isKnown = this.applied !== null;
    const before = request.applied === null ? null : (this.applied ?? this.#earlier?.applied ?? null);
    this.lastSeenMs = nowMs;
    this.#count(request);
    this.stopping ||= request.stopping;
    this.applied = request.applied ?? this.applied;
    for (const report of request.backends) {
      if (this.#setBackend(report, isKnown, transitions)) healthChanged = true;
    }
    for (const report of request.pools) transitions.push(this.#setPool(report, isKnown));
    for (const report of request.listeners) {
      this.#countListener(this.listeners.get(report.listener) ?? null, report);
      this.listeners.set(report.listener, { ...report, connect: [], firstByte: [], duration: [] });
    }
    for (const report of request.workers) this.workers.set(report.index, report);
    this.#setQueues(request.queues);
    this.#checkSizes();
    if (request.applied !== null) this.#forgetEarlier();
    return { healthChanged, transitions, before };
  }

  /** Traffic comes before what is stated, and what is gone before what has come in its place. */
  #count({
    histogramBounds,
    traffic,
    goneBackends,
    goneListeners,
    process,
  }: StreamReportsRequest__Output): void {
    if (process !== null) {
      this.#shared.counter?.process(this.info.id, this.#process, process);
      this.#process = process;
    }
    if (histogramBounds !== null) this.backends.bounds = boundsOf(histogramBounds);
    if (traffic !== null) this.backends.traffic(traffic);
    for (const { pool, address } of goneBackends) this.backends.delete(`${pool}/${address}`);
    for (const name of goneListeners) {
      this.#countListener(this.listeners.get(name) ?? null, null);
      this.listeners.delete(name);
    }
  }

  #countListener(before: ListenerReport__Output | null, now: ListenerReport__Output | null): void {
    if (before ?? now) this.#shared.counter?.listener(this.info.id, before, now, this.backends.bounds);
  }

  #forgetEarlier(): void {
    this.#earlier?.forget();
    this.#earlier = null;
  }

  #checkSizes(): void {
    for (const kind of ['backends', 'listeners', 'pools', 'waiting', 'workers'] as const) {
      if (this[kind].size <= MOST[kind]) continue;
      throw new LbError('RESOURCE_EXHAUSTED', `this proxy reports more than ${MOST[kind]} ${kind}`);
    }
  }

  /** Returns whether it has another health than before; that is a transition only if it was known before. */
  #setBackend(report: BackendReport__Output, isKnown: boolean, transitions: Transition[]): boolean {
    const { pool, address } = report.backend ?? { pool: '', address: '' };
    const key = `${pool}/${address}`;
    const { health, reason } = report;
    const before = this.backends.healthOf(key);
    // The first report says how things stand; `applied` comes in its last message.
    const unseen = isKnown ? 'HEALTH_UNKNOWN' : health;
    const earlier = before ?? this.#earlier?.backends.healthOf(key) ?? unseen;
    if (health !== earlier) transitions.push({ pool, address, health, reason });
    this.backends.state(report);
    if (this.backends.size > MOST.backends) this.#checkSizes();
    return health !== (before ?? 'HEALTH_UNKNOWN');
  }

  #setQueues(queues: readonly QueueReport__Output[]): void {
    for (const { pool, waiting } of queues) {
      if (waiting > 0) this.waiting.set(pool, waiting);
      else this.waiting.delete(pool);
    }
  }

  #setPool(now: PoolReport__Output, isKnown: boolean): PoolTransition {
    const { pool, servingSince } = now;
    // The first report says how things stand, unless it follows another stream.
    const unseen = isKnown || this.#earlier !== null ? ORDINARY : now;
    const before = this.pools.get(pool) ?? this.#earlier?.pools.get(pool) ?? unseen;
    if (servingSince === null) this.pools.delete(pool);
    else this.pools.set(pool, now);
    return { pool, before, now };
  }
}

/** The revision that a proxy runs; -1: none. */
export function appliedRevision(proxy: ProxyRecord): number {
  return proxy.applied?.position ? Number(proxy.applied.position.revision) : -1;
}
