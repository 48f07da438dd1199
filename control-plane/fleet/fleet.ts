/**
 * The fleet as this replica sees it: the roster, and in memory what every proxy has reported.
 *
 * Invariants
 *  - first contact puts a proxy on the roster; a clean stop, ten minutes of absence or `remove` takes it off;
 *  - a proxy that the store lists (store/members/roster.ts) stays on the roster as long as the store lists it;
 *  - at most one process reports under an id: the newest one wins, and the older one's stream ends with an error;
 *  - the first report of a stream replaces everything known about a proxy, later ones only what they name;
 *  - memory is bounded: MAX_PROXIES here, and the limits per proxy in proxy-record.ts.
 */
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { ABSENCE_MS } from '../store/members/proxies.ts';
import { NEVER_SEEN_MS, type ProxyRecord, ReportedProxy } from './proxy-record.ts';

const MAX_PROXIES = 10_000;
/**
 * How long after the start an empty roster may only mean that no proxy has connected yet. Proxies that were started along
 * with this replica retry within 2 s, their longest backoff.
 */
const ROSTER_GRACE_MS = 5_000;

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

/** A report stream was opened, ended, or ended after the proxy had announced that it stops. */
export type ContactKind = 'connected' | 'lost' | 'stopped';

interface Entry {
  readonly proxy: ReportedProxy;
  /** Ends the open report stream; null: the proxy is away. */
  end: ((reason: LbError) => void) | null;
  /** Removes the proxy when it has been away for ABSENCE_MS. */
  absence: Timer | null;
}

export class Fleet {
  readonly #clock: Clock;
  readonly #knownAtMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  readonly #onContact = new Set<(kind: ContactKind, info: ProxyInfo__Output) => void>();
  readonly #onHealthChange = new Set<() => void>();
  readonly #onReport = new Set<(id: string, request: StreamReportsRequest__Output) => void>();
  #stored: ReadonlySet<string> = new Set();

  constructor(clock: Clock, rosterGraceMs = ROSTER_GRACE_MS) {
    this.#clock = clock;
    this.#knownAtMs = clock.nowMs() + rosterGraceMs;
  }

  /** How long an empty roster may still mean that no proxy has connected yet; 0: it really is empty. */
  unknownForMs(): number {
    return Math.max(0, this.#knownAtMs - this.#clock.nowMs());
  }

  /** The roster, sorted by id. */
  list(): readonly ProxyRecord[] {
    return Array.from(this.#entries.values(), ({ proxy }) => proxy).sort((a, b) =>
      a.info.id < b.info.id ? -1 : 1,
    );
  }

  /** Calls `listener` when the roster, or what a proxy runs, has changed. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` when a proxy reports another health of a backend, up to 20 times a second for each proxy. */
  onHealthChange(listener: () => void): void {
    this.#onHealthChange.add(listener);
  }

  /** Calls `listener` when a proxy connects or leaves. */
  onContact(listener: (kind: ContactKind, info: ProxyInfo__Output) => void): void {
    this.#onContact.add(listener);
  }

  /** Calls `listener` with every report, before it is applied. */
  onReport(listener: (id: string, request: StreamReportsRequest__Output) => void): void {
    this.#onReport.add(listener);
  }

  /** Takes over the roster of the store. A proxy on it that does not report here is away; one that left it is forgotten. */
  keep(proxies: readonly StoredProxy[]): void {
    const before = this.#stored;
    this.#stored = new Set(proxies.map(({ id }) => id));
    const gone = [...before].filter((id) => !this.#stored.has(id) && this.#entries.get(id)?.end === null);
    const added = proxies.filter(({ id }) => !this.#entries.has(id));
    for (const id of gone) this.#drop(id);
    for (const proxy of added) {
      const known = new ReportedProxy(infoOf(proxy), NEVER_SEEN_MS);
      known.connected = false;
      this.#entries.set(proxy.id, { proxy: known, end: null, absence: null });
    }
    if (gone.length + added.length > 0) this.#changed();
  }

  /** A proxy opened a report stream. `end` is called at most once, when the stream must end, and never after `close`. */
  connect(info: ProxyInfo__Output, end: (reason: LbError) => void): ReportSession {
    const known = this.#entries.get(info.id);
    if (known === undefined && this.#entries.size >= MAX_PROXIES) {
      throw new LbError('RESOURCE_EXHAUSTED', `the roster is full: it holds ${MAX_PROXIES} proxies`);
    }
    const entry: Entry = { proxy: new ReportedProxy(info, this.#clock.wallMs()), end, absence: null };
    this.#entries.set(info.id, entry);
    if (known !== undefined) {
      const replaced = known.end;
      known.end = null;
      known.absence?.cancel();
      replaced?.(replacedBy(info, known.proxy.info));
    }
    this.#changed();
    this.#notifyContact('connected', info);
    return {
      report: (request) => this.#report(entry, request),
      close: () => this.#close(entry),
    };
  }

  /** Takes a proxy that is away off the roster. Throws NOT_FOUND or FAILED_PRECONDITION. */
  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new LbError('NOT_FOUND', `There is no proxy "${id}" on the roster.`);
    if (entry.end !== null) {
      throw new LbError('FAILED_PRECONDITION', `The proxy "${id}" is connected; stop it first.`);
    }
    this.#forget(entry);
  }

  /** Stops the timers. */
  stop(): void {
    for (const { absence } of this.#entries.values()) absence?.cancel();
    this.#listeners.clear();
    this.#onContact.clear();
    this.#onReport.clear();
    this.#onHealthChange.clear();
  }

  #report(entry: Entry, request: StreamReportsRequest__Output): void {
    if (entry.end === null) return;
    for (const listener of this.#onReport) listener(entry.proxy.info.id, request);
    const healthChanged = entry.proxy.apply(request, this.#clock.wallMs());
    if (request.applied !== null) this.#changed();
    if (healthChanged) for (const listener of this.#onHealthChange) listener();
  }

  #close(entry: Entry): void {
    if (entry.end === null) return;
    entry.end = null;
    const { info, stopping } = entry.proxy;
    if (stopping) {
      this.#forget(entry);
      this.#notifyContact('stopped', info);
      return;
    }
    entry.proxy.connected = false;
    entry.proxy.lastSeenMs = this.#clock.wallMs();
    entry.absence = this.#clock.after(ABSENCE_MS, () => {
      if (!this.#stored.has(info.id)) this.#forget(entry);
    });
    this.#changed();
    this.#notifyContact('lost', info);
  }

  #forget(entry: Entry): void {
    this.#drop(entry.proxy.info.id);
    this.#changed();
  }

  #drop(id: string): void {
    this.#entries.get(id)?.absence?.cancel();
    this.#entries.delete(id);
  }

  #notifyContact(kind: ContactKind, info: ProxyInfo__Output): void {
    for (const listener of this.#onContact) listener(kind, info);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** All that is known about a proxy that has not been seen since this replica started. */
function infoOf({ id, zone, instanceId }: StoredProxy): ProxyInfo__Output {
  return { id, zone, instanceId, version: '', engine: '', adminAddress: '', startedAt: null };
}

function replacedBy(info: ProxyInfo__Output, old: ProxyInfo__Output): LbError {
  if (info.instanceId === old.instanceId) {
    return new LbError('ABORTED', 'this process opened a newer report stream, which replaced this one');
  }
  const message = `another process now reports as proxy "${info.id}" (its instance is ${info.instanceId}, this one's is ${old.instanceId}); give each process its own --proxy-id`;
  return new LbError('ALREADY_EXISTS', message);
}
