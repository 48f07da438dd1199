/**
 * The fleet as this replica sees it: the roster, and in memory what every proxy has reported.
 *
 * Invariants
 *  - first contact puts a proxy on the roster; a clean stop, ten minutes of absence or `remove` takes it off;
 *  - a proxy that the store lists (store/members/roster.ts) stays on the roster as long as the store lists it;
 *  - a process has one stream: its newest one ends the one before;
 *  - several processes that report under one id at the same time are all listed, each with the others. A process that says
 *    nothing for SILENT_MS after another one came under its id has crashed or lost its host, and was replaced;
 *  - the first report of a stream replaces everything known about a proxy, later ones only what they name;
 *  - memory is bounded: MAX_PROXIES here, of which the one that is away for longest makes room for a new one, and the
 *    limits per proxy in proxy-record.ts.
 */
import { afterReading, type Clock } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { ABSENCE_MS, type ContactKind } from '../store/members/proxies.ts';
import { FleetListeners } from './fleet-listeners.ts';
import {
  NEVER_SEEN_MS,
  newShared,
  type ProxyRecord,
  ReportedProxy,
  type ReportOwner,
  type TrafficCounter,
} from './proxy-record.ts';
import { limitReport } from './report-limits.ts';

const MAX_PROXIES = 10_000;
/**
 * How long after the start an empty roster may only mean that no proxy has connected yet. Proxies that were started along
 * with this replica retry within 2 s, their longest backoff.
 */
const ROSTER_GRACE_MS = 5_000;

/** A live process reports every second, so one that has said nothing for this long is gone. */
const SILENT_MS = 5_000;
/** How long a process with another one's id still counts that closed its stream: if it lives, it reconnects within 2 s. */
const COME_BACK_MS = 10_000;
/** More processes under one id than this are refused. */
const MAX_SAME_ID = 8;
const REPLACED = 'this process opened a newer report stream, which replaced this one';

/** The report stream of one proxy. */
export interface ReportSession {
  /** Throws LbError when the proxy reports more backends, listeners or workers than are kept. */
  report(request: StreamReportsRequest__Output): void;
  /** The stream ended. May be called more than once. */
  close(): void;
}

/** A proxy that the store lists on the roster. */
export interface StoredProxy {
  readonly id: string;
  readonly zone: string;
  readonly instanceId: string;
}

export class Fleet extends FleetListeners {
  readonly #clock: Clock;
  readonly #knownAtMs: number;
  /** By id. Nearly always one for each. */
  readonly #proxies = new Map<string, readonly ReportedProxy[]>();
  readonly #shared = newShared();
  #stored: ReadonlySet<string> = new Set();

  constructor(clock: Clock, rosterGraceMs = ROSTER_GRACE_MS) {
    super();
    this.#clock = clock;
    this.#knownAtMs = clock.nowMs() + rosterGraceMs;
  }

  /** From now on `counter` is told of all traffic. */
  count(counter: TrafficCounter): void {
    this.#shared.counter = counter;
  }

  /** How long an empty roster may still mean that no proxy has connected yet; 0: it really is empty. */
  unknownForMs(): number {
    return Math.max(0, this.#knownAtMs - this.#clock.nowMs());
  }

  /** The roster, sorted by id. */
  list(): readonly ProxyRecord[] {
    const proxies = [...this.#proxies.values()].flat();
    return proxies.sort((a, b) => Number(a.info.id > b.info.id) - Number(a.info.id < b.info.id));
  }

  /** Values in reports that can't be and were dropped. */
  get droppedValues(): number {
    return this.#shared.dropped.count;
  }

  /** Takes over the roster of the store. A proxy on it that does not report here is away; one that left it is forgotten. */
  keep(proxies: readonly StoredProxy[]): void {
    const before = this.#stored;
    this.#stored = new Set(proxies.map(({ id }) => id));
    const gone = [...before].filter((id) => !this.#stored.has(id) && this.#isAway(id));
    const room = Math.max(0, MAX_PROXIES - this.#proxies.size + gone.length);
    const added = proxies.filter(({ id }) => !this.#proxies.has(id)).slice(0, room);
    for (const id of gone) this.#setProxies(id, []);
    for (const proxy of added) {
      const known = new ReportedProxy(infoOf(proxy), NEVER_SEEN_MS, '', this.#shared);
      this.#setProxies(proxy.id, [known]);
    }
    if (gone.length + added.length > 0) this.tell('change');
  }

  /** A process opened a report stream. */
  connect(info: ProxyInfo__Output, owner: ReportOwner, peer = ''): ReportSession {
    const { id, instanceId } = info;
    const known = this.#proxies.get(id) ?? [];
    const others = known.filter(
      (other) => other.info.instanceId !== instanceId && (other.connected || other.sameId.length > 0),
    );
    this.#checkRoom(id, known.length, others.length);
    const proxy = new ReportedProxy(info, this.#clock.wallMs(), peer, this.#shared);
    proxy.owner = owner;
    const replaced = known.filter((other) => !others.includes(other));
    if (replaced[0]) proxy.follow(replaced[0]);
    for (const old of replaced) old.end(new LbError('ABORTED', REPLACED));
    for (const other of others) if (other.sameId.length === 0) this.#doubt(other, instanceId);
    this.#setProxies(id, [...others, proxy], replaced[0]);
    this.tell('change');
    this.tell('contact', 'connected', info);
    return {
      report: (request) => this.#report(proxy, request),
      close: () => this.#close(proxy),
    };
  }

  #checkRoom(id: string, known: number, others: number): void {
    if (known === 0 && this.#proxies.size >= MAX_PROXIES && !this.#makeRoom()) {
      const message = `the roster is full: ${MAX_PROXIES} proxies report to this control plane`;
      throw new LbError('RESOURCE_EXHAUSTED', message);
    }
    if (others < MAX_SAME_ID) return;
    const message = `${others} processes report as proxy "${id}" already; give each process its own --proxy-id`;
    throw new LbError('ALREADY_EXISTS', message);
  }

  /** Forgets the proxy that has been away for longest, here and in the store; false: all of them report. */
  #makeRoom(): boolean {
    let longest: ReportedProxy | null = null;
    for (const [id, [proxy]] of this.#proxies) {
      if (proxy === undefined || !this.#isAway(id)) continue;
      if (longest === null || proxy.lastSeenMs < longest.lastSeenMs) longest = proxy;
    }
    if (longest === null) return false;
    this.#leave(longest, 'stopped');
    return true;
  }

  /** Takes what is away of a proxy off the roster. Throws NOT_FOUND or FAILED_PRECONDITION. */
  remove(id: string): void {
    const known = this.#proxies.get(id);
    if (known === undefined) throw new LbError('NOT_FOUND', `There is no proxy "${id}" on the roster.`);
    const connected = known.filter((proxy) => proxy.connected);
    if (connected.length === known.length) {
      throw new LbError('FAILED_PRECONDITION', `The proxy "${id}" is connected; stop it first.`);
    }
    this.#setProxies(id, connected);
    this.tell('change');
  }

  /** Stops the timers. */
  stop(): void {
    for (const proxies of this.#proxies.values()) for (const proxy of proxies) proxy.timer?.cancel();
    this.forgetListeners();
  }

  #report(proxy: ReportedProxy, request: StreamReportsRequest__Output): void {
    if (!proxy.connected) return;
    if (proxy.isDoubted) this.#believe(proxy);
    limitReport(request, this.#shared.dropped);
    const { healthChanged, transitions, before } = proxy.apply(request, this.#clock.wallMs());
    if (request.applied !== null) this.tell('change');
    if (healthChanged) this.tell('health', proxy, transitions);
    if (before !== null) this.tell('applied', proxy, before);
  }

  #close(proxy: ReportedProxy): void {
    if (!proxy.connected) return;
    if (proxy.stopping) this.#leave(proxy, 'stopped');
    else this.#lose(proxy, null);
  }

  /** Its stream ended without a goodbye, or ends for `reason`. */
  #lose(proxy: ReportedProxy, reason: LbError | null): void {
    const { info, sameId } = proxy;
    const isReplaced = sameId.length === 0 && (this.#proxies.get(info.id)?.length ?? 0) > 1;
    proxy.end(reason);
    if (isReplaced) return this.#leave(proxy, 'lost');
    const nowMs = this.#clock.wallMs();
    const hasStoodStill = nowMs - proxy.lastSeenMs > SILENT_MS;
    proxy.lastSeenMs = nowMs;
    this.#awaitReturn(proxy, sameId.length > 0 && !hasStoodStill ? COME_BACK_MS : ABSENCE_MS);
    this.tell('change');
    this.tell('contact', 'lost', info);
  }

  /** One that is alone is waited for until it was away for ABSENCE_MS. */
  #awaitReturn(proxy: ReportedProxy, delayMs: number): void {
    const { id } = proxy.info;
    proxy.timer = this.#clock.after(delayMs, () => {
      const isAlone = this.#proxies.get(id)?.length === 1;
      if (isAlone && delayMs === COME_BACK_MS) this.#awaitReturn(proxy, ABSENCE_MS - COME_BACK_MS);
      else if (!isAlone || !this.#stored.has(id)) this.#leave(proxy, null);
    });
  }

  #leave(proxy: ReportedProxy, contact: ContactKind | null): void {
    const { info } = proxy;
    this.#setProxies(info.id, this.#proxies.get(info.id)?.filter((other) => other !== proxy) ?? []);
    this.tell('change');
    if (contact !== null) this.tell('contact', contact, info);
  }

  /** Another process came under its id: this one has crashed, unless it goes on to report. */
  #doubt(proxy: ReportedProxy, instanceId: string): void {
    const seconds = SILENT_MS / 1_000;
    const message = `nothing came for ${seconds} s, and another process, ${instanceId}, reports under the same id; if both run, give each its own --proxy-id`;
    proxy.timer ??= afterReading(this.#clock, SILENT_MS, () =>
      this.#lose(proxy, new LbError('ALREADY_EXISTS', message)),
    );
  }

  #believe(proxy: ReportedProxy): void {
    const { id } = proxy.info;
    proxy.timer?.cancel();
    proxy.timer = null;
    this.#setProxies(id, this.#proxies.get(id) ?? []);
    this.tell('change');
    const other = proxy.sameId.at(-1);
    if (other !== undefined) this.tell('duplicate', proxy, other);
  }

  /** Those that are not in it any more are forgotten, but for what `followed` is compared with. */
  #setProxies(id: string, proxies: readonly ReportedProxy[], followed?: ReportedProxy): void {
    for (const old of this.#proxies.get(id) ?? []) {
      if (proxies.includes(old)) continue;
      old.end(null);
      if (old !== followed) old.forget();
    }
    if (proxies.length > 0) this.#proxies.set(id, proxies);
    else this.#proxies.delete(id);
    const believed = proxies.filter((proxy) => !proxy.isDoubted);
    for (const proxy of proxies) {
      const others = proxy.isDoubted ? [] : believed.filter((other) => other !== proxy);
      if (others.length === 0 && proxy.sameId.length === 0) continue;
      proxy.sameId = others;
      proxy.owner?.sameId(others);
    }
  }

  #isAway(id: string): boolean {
    return this.#proxies.get(id)?.every((proxy) => !proxy.connected) === true;
  }
}

/** All that is known about a proxy that has not been seen since this replica started. */
function infoOf({ id, zone, instanceId }: StoredProxy): ProxyInfo__Output {
  return { id, zone, instanceId, version: '', engine: '', adminAddress: '', startedAt: null };
}
