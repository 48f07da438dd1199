/**
 * The fleet as this replica sees it: the roster, and in memory what every proxy has reported.
 *
 * Invariants
 *  - first contact puts a proxy on the roster; a clean stop, ten minutes of absence or `remove` takes it off;
 *  - a proxy that the store lists (store/members/roster.ts) stays on the roster as long as the store lists it;
 *  - a process has one stream: its newest one ends the one before;
 *  - several processes that report under one id at the same time are all listed, each with the others. A process that is
 *    silent for SILENT_MS while another one has its id has crashed or lost its host, and was replaced;
 *  - the first report of a stream replaces everything known about a proxy, later ones only what they name;
 *  - memory is bounded: MAX_PROXIES here, of which the one that is away for longest makes room for a new one, and the
 *    limits per proxy in proxy-record.ts.
 */
import { afterReading, type Clock } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { ABSENCE_MS } from '../store/members/proxies.ts';
import { type ContactKind, FleetListeners } from './fleet-listeners.ts';
import { NEVER_SEEN_MS, newShared, type ProxyRecord, ReportedProxy } from './proxy-record.ts';
import { limitReport } from './report-limits.ts';
import {
  cancelTimers,
  type Entry,
  isSameProcess,
  newEntry,
  newerStream,
  release,
  type ReportOwner,
  silentFor,
} from './roster-entry.ts';

const MAX_PROXIES = 10_000;
/**
 * How long after the start an empty roster may only mean that no proxy has connected yet. Proxies that were started along
 * with this replica retry within 2 s, their longest backoff.
 */
const ROSTER_GRACE_MS = 5_000;

/** A live process reports every second, so one that has said nothing for this long is gone. */
const SILENT_MS = 5_000;
/** How long a lost process with another one's id still counts: it reconnects within 2 s, its longest backoff. */
const COME_BACK_MS = 10_000;
/** More processes under one id than this are refused. */
const MAX_SAME_ID = 8;

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
  readonly #entries = new Map<string, readonly Entry[]>();
  readonly #shared = newShared((change) => this.tell('backend', change));
  #stored: ReadonlySet<string> = new Set();

  constructor(clock: Clock, rosterGraceMs = ROSTER_GRACE_MS) {
    super();
    this.#clock = clock;
    this.#knownAtMs = clock.nowMs() + rosterGraceMs;
  }

  /** How long an empty roster may still mean that no proxy has connected yet; 0: it really is empty. */
  unknownForMs(): number {
    return Math.max(0, this.#knownAtMs - this.#clock.nowMs());
  }

  /** The roster, sorted by id. */
  list(): readonly ProxyRecord[] {
    const proxies = [...this.#entries.values()].flatMap((entries) => entries.map(({ proxy }) => proxy));
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
    const room = Math.max(0, MAX_PROXIES - this.#entries.size + gone.length);
    const added = proxies.filter(({ id }) => !this.#entries.has(id)).slice(0, room);
    for (const id of gone) this.#drop(id);
    for (const proxy of added) {
      const known = new ReportedProxy(infoOf(proxy), NEVER_SEEN_MS, '', this.#shared);
      known.connected = false;
      this.#entries.set(proxy.id, [newEntry(known, null)]);
    }
    if (gone.length + added.length > 0) this.tell('change');
  }

  /** A process opened a report stream. */
  connect(info: ProxyInfo__Output, owner: ReportOwner, peer = ''): ReportSession {
    const known = this.#entries.get(info.id) ?? [];
    this.#checkRoom(info, known);
    const others = known.filter((other) => other.owner !== null && !isSameProcess(other, info));
    const replaced = known.filter((other) => !others.includes(other));
    const proxy = new ReportedProxy(info, this.#clock.wallMs(), peer, this.#shared);
    const entry = newEntry(proxy, owner);
    entry.duplicate = replaced.some((old) => old.duplicate && isSameProcess(old, info));
    this.#entries.set(info.id, [...others, entry]);
    for (const [index, old] of replaced.entries()) {
      release(old, newerStream());
      if (index === 0) proxy.follow(old.proxy);
      else old.proxy.forget();
    }
    for (const other of others) {
      if (entry.duplicate && other.duplicate) continue;
      other.silence ??= afterReading(this.#clock, SILENT_MS, () =>
        this.#lose(other, silentFor(info, SILENT_MS)),
      );
    }
    this.#markDuplicates(info.id);
    this.tell('change');
    this.tell('contact', 'connected', info);
    return {
      report: (request) => this.#report(entry, request),
      close: () => this.#close(entry),
    };
  }

  #checkRoom({ id }: ProxyInfo__Output, known: readonly Entry[]): void {
    if (known.length === 0 && this.#entries.size >= MAX_PROXIES && !this.#makeRoom()) {
      const message = `the roster is full: ${MAX_PROXIES} proxies report to this control plane`;
      throw new LbError('RESOURCE_EXHAUSTED', message);
    }
    if (known.length < MAX_SAME_ID) return;
    const message = `${known.length} processes report as proxy "${id}" already; give each process its own --proxy-id`;
    throw new LbError('ALREADY_EXISTS', message);
  }

  /** Forgets the proxy that has been away for longest, here and in the store; false: all of them report. */
  #makeRoom(): boolean {
    let longest: Entry | null = null;
    for (const [entry] of this.#entries.values()) {
      if (entry === undefined || entry.owner !== null || !this.#isAway(entry.proxy.info.id)) continue;
      if (longest === null || entry.proxy.lastSeenMs < longest.proxy.lastSeenMs) longest = entry;
    }
    if (longest === null) return false;
    this.#leave(longest, 'stopped');
    return true;
  }

  /** Takes a proxy that is away off the roster. Throws NOT_FOUND or FAILED_PRECONDITION. */
  remove(id: string): void {
    if (!this.#entries.has(id)) throw new LbError('NOT_FOUND', `There is no proxy "${id}" on the roster.`);
    if (!this.#isAway(id)) {
      throw new LbError('FAILED_PRECONDITION', `The proxy "${id}" is connected; stop it first.`);
    }
    this.#drop(id);
    this.tell('change');
  }

  /** Stops the timers. */
  stop(): void {
    for (const entries of this.#entries.values()) for (const entry of entries) cancelTimers(entry);
    this.forgetListeners();
  }

  #report(entry: Entry, request: StreamReportsRequest__Output): void {
    if (entry.owner === null) return;
    const { proxy } = entry;
    if (entry.silence !== null) this.#lives(entry);
    limitReport(request, this.#shared.dropped);
    this.tell('report', proxy.info, request);
    const { healthChanged, transitions, before } = proxy.apply(request, this.#clock.wallMs());
    if (request.applied !== null) this.tell('change');
    if (healthChanged) this.tell('health', proxy, transitions);
    if (before !== null) this.tell('applied', proxy, before);
  }

  #close(entry: Entry): void {
    if (entry.owner === null) return;
    if (entry.proxy.stopping) this.#leave(entry, 'stopped');
    else this.#lose(entry, null);
  }

  /** Its stream ended without a goodbye, or ends for `reason`. */
  #lose(entry: Entry, reason: LbError | null): void {
    const { info } = entry.proxy;
    const isReplaced = !entry.duplicate && (this.#entries.get(info.id)?.length ?? 0) > 1;
    release(entry, reason);
    if (isReplaced) return this.#leave(entry, 'lost');
    entry.proxy.connected = false;
    entry.proxy.lastSeenMs = this.#clock.wallMs();
    this.#awaitReturn(entry, entry.duplicate ? COME_BACK_MS : ABSENCE_MS, ABSENCE_MS);
    this.tell('change');
    this.tell('contact', 'lost', info);
  }

  /** While another process with its id is here it is waited for less long. */
  #awaitReturn(entry: Entry, delayMs: number, absenceMs: number): void {
    const { id } = entry.proxy.info;
    entry.absence = this.#clock.after(delayMs, () => {
      const isAlone = this.#entries.get(id)?.length === 1;
      if (isAlone && delayMs < absenceMs) this.#awaitReturn(entry, absenceMs - delayMs, absenceMs - delayMs);
      else if (!isAlone || !this.#stored.has(id)) this.#leave(entry, null);
    });
  }

  #leave(entry: Entry, contact: ContactKind | null): void {
    const { info } = entry.proxy;
    release(entry, null);
    entry.proxy.forget();
    const rest = this.#entries.get(info.id)?.filter((other) => other !== entry) ?? [];
    if (rest.length > 0) this.#entries.set(info.id, rest);
    else this.#entries.delete(info.id);
    this.#markDuplicates(info.id);
    this.tell('change');
    if (contact !== null) this.tell('contact', contact, info);
  }

  /** The process reports although another one has come under its id. */
  #lives(entry: Entry): void {
    const { id } = entry.proxy.info;
    entry.silence?.cancel();
    entry.silence = null;
    const others = this.#entries.get(id)?.filter((other) => other !== entry && other.silence === null) ?? [];
    for (const each of [entry, ...others]) each.duplicate = true;
    this.#markDuplicates(id);
    this.tell('change');
    this.tell('duplicate', entry.proxy, others.at(-1)?.proxy ?? entry.proxy);
  }

  #markDuplicates(id: string): void {
    const entries = this.#entries.get(id) ?? [];
    const all = entries.filter(({ duplicate }) => duplicate);
    for (const entry of entries) {
      entry.duplicate &&= all.length > 1;
      const others = entry.duplicate ? all.filter((other) => other !== entry) : [];
      if (others.length === 0 && entry.proxy.sameId.length === 0) continue;
      entry.proxy.sameId = others.map(({ proxy }) => proxy);
      entry.owner?.sameId(entry.proxy.sameId);
    }
  }

  #isAway(id: string): boolean {
    return this.#entries.get(id)?.every(({ owner }) => owner === null) === true;
  }

  #drop(id: string): void {
    for (const entry of this.#entries.get(id) ?? []) {
      cancelTimers(entry);
      entry.proxy.forget();
    }
    this.#entries.delete(id);
  }
}

/** All that is known about a proxy that has not been seen since this replica started. */
function infoOf({ id, zone, instanceId }: StoredProxy): ProxyInfo__Output {
  return { id, zone, instanceId, version: '', engine: '', adminAddress: '', startedAt: null };
}
