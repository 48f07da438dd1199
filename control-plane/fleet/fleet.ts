/**
 * The fleet as this replica sees it: what every proxy reported, in memory, and who else is on the roster.
 *
 * Invariants
 *  - first contact puts a proxy on the roster; a clean stop, ten minutes' absence or `remove` takes it off;
 *  - one that the store keeps (members/roster.ts) stays for as long as it does, whoever saw it last;
 *  - at most one process reports under an id: the newest one wins, and the other is told so;
 *  - a stream's first report replaces all that was known, each further one only what it names;
 *  - bounded: so many proxies, and so many backends, listeners and workers of each (proxy-record.ts).
 */
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { ABSENCE_MS } from '../store/members/proxies.ts';
import { NEVER_SEEN_MS, type ProxyRecord, ReportedProxy } from './proxy-record.ts';

const MAX_PROXIES = 10_000;
/**
 * Of an empty roster only: who was on it is known as soon as the store is read. A new fleet has nobody on it, and its
 * proxies, started along with it, try again within 2 s, their longest backoff.
 */
const ROSTER_GRACE_MS = 5_000;

/** A report stream's place in the fleet. */
export interface FleetSession {
  /** Throws LbError when the proxy reports more than is kept of one. */
  report(request: StreamReportsRequest__Output): void;
  /** The stream ended. May be called more than once. */
  close(): void;
}

/** A proxy that the store keeps. */
export interface KeptProxy {
  readonly id: string;
  readonly zone: string;
  readonly instanceId: string;
}

/** `came`: a report stream was opened. `lost`: it ended. `stopped`: it ended after the proxy had said that it stops. */
export type ContactKind = 'came' | 'lost' | 'stopped';

interface Member {
  readonly proxy: ReportedProxy;
  /** Ends the live stream; null: away. */
  end: ((reason: LbError) => void) | null;
  /** Forgets it after its absence. */
  absence: Timer | null;
}

export class Fleet {
  readonly #clock: Clock;
  readonly #knownAtMs: number;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<() => void>();
  readonly #onContact = new Set<(kind: ContactKind, info: ProxyInfo__Output) => void>();
  readonly #onReport = new Set<(id: string, request: StreamReportsRequest__Output) => void>();
  #kept: ReadonlySet<string> = new Set();

  constructor(clock: Clock, rosterGraceMs = ROSTER_GRACE_MS) {
    this.#clock = clock;
    this.#knownAtMs = clock.nowMs() + rosterGraceMs;
  }

  /** How long an empty roster may still be one that the proxies have not come back to; 0: it is empty. */
  unknownForMs(): number {
    return Math.max(0, this.#knownAtMs - this.#clock.nowMs());
  }

  /** The roster, sorted by id. */
  list(): readonly ProxyRecord[] {
    return Array.from(this.#members.values(), ({ proxy }) => proxy).sort((a, b) =>
      a.info.id < b.info.id ? -1 : 1,
    );
  }

  /** Calls `listener` when the roster, or what a proxy runs, has changed. Not for health or counters. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` when a proxy comes or goes. */
  onContact(listener: (kind: ContactKind, info: ProxyInfo__Output) => void): void {
    this.#onContact.add(listener);
  }

  /** Calls `listener` with every report of a proxy whose stream was told of as `came`. */
  onReport(listener: (id: string, request: StreamReportsRequest__Output) => void): void {
    this.#onReport.add(listener);
  }

  /** Whom the store keeps on the roster: those that report to nobody here are away, and those no longer kept are gone. */
  keep(proxies: readonly KeptProxy[]): void {
    const before = this.#kept;
    this.#kept = new Set(proxies.map(({ id }) => id));
    const gone = [...before].filter((id) => !this.#kept.has(id) && this.#members.get(id)?.end === null);
    const added = proxies.filter(({ id }) => !this.#members.has(id));
    for (const id of gone) this.#drop(id);
    for (const proxy of added) {
      const known = new ReportedProxy(infoOf(proxy), NEVER_SEEN_MS);
      known.connected = false;
      this.#members.set(proxy.id, { proxy: known, end: null, absence: null });
    }
    if (gone.length + added.length > 0) this.#changed();
  }

  /** A proxy opened a report stream. `end` is called when the stream must go: once, and never after `close`. */
  connect(info: ProxyInfo__Output, end: (reason: LbError) => void): FleetSession {
    const known = this.#members.get(info.id);
    if (known === undefined && this.#members.size >= MAX_PROXIES) {
      throw new LbError('RESOURCE_EXHAUSTED', `the roster holds ${MAX_PROXIES} proxies, the most it can`);
    }
    const member: Member = { proxy: new ReportedProxy(info, this.#clock.wallMs()), end, absence: null };
    this.#members.set(info.id, member);
    if (known !== undefined) {
      const replaced = known.end;
      known.end = null;
      known.absence?.cancel();
      replaced?.(replacedBy(info, known.proxy.info));
    }
    this.#changed();
    this.#tell('came', info);
    return {
      report: (request) => this.#report(member, request),
      close: () => this.#close(member),
    };
  }

  /** Forgets a proxy that is gone for good. */
  remove(id: string): void {
    const member = this.#members.get(id);
    if (member === undefined) throw new LbError('NOT_FOUND', `There is no proxy "${id}" on the roster.`);
    if (member.end !== null) {
      throw new LbError('FAILED_PRECONDITION', `The proxy "${id}" is connected: stop it first.`);
    }
    this.#forget(member);
  }

  /** Stops the timers. */
  stop(): void {
    for (const { absence } of this.#members.values()) absence?.cancel();
    this.#listeners.clear();
    this.#onContact.clear();
    this.#onReport.clear();
  }

  #report(member: Member, request: StreamReportsRequest__Output): void {
    if (member.end === null) return;
    for (const listener of this.#onReport) listener(member.proxy.info.id, request);
    member.proxy.fold(request, this.#clock.wallMs());
    if (request.applied !== null) this.#changed();
  }

  #close(member: Member): void {
    if (member.end === null) return;
    member.end = null;
    const { info, stopping } = member.proxy;
    if (stopping) {
      this.#forget(member);
      this.#tell('stopped', info);
      return;
    }
    member.proxy.connected = false;
    member.proxy.lastSeenMs = this.#clock.wallMs();
    member.absence = this.#clock.after(ABSENCE_MS, () => {
      if (!this.#kept.has(info.id)) this.#forget(member);
    });
    this.#changed();
    this.#tell('lost', info);
  }

  #forget(member: Member): void {
    this.#drop(member.proxy.info.id);
    this.#changed();
  }

  #drop(id: string): void {
    this.#members.get(id)?.absence?.cancel();
    this.#members.delete(id);
  }

  #tell(kind: ContactKind, info: ProxyInfo__Output): void {
    for (const listener of this.#onContact) listener(kind, info);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What is known of a proxy that has not been seen since this replica started. */
function infoOf({ id, zone, instanceId }: KeptProxy): ProxyInfo__Output {
  return { id, zone, instanceId, version: '', engine: '', adminAddress: '', startedAt: null };
}

function replacedBy(info: ProxyInfo__Output, old: ProxyInfo__Output): LbError {
  if (info.instanceId === old.instanceId) {
    return new LbError('ABORTED', 'this process opened a newer report stream, which replaces this one');
  }
  const message = `another process reports as proxy "${info.id}" now (instance ${info.instanceId}, this one is ${old.instanceId}): give each process a --proxy-id of its own`;
  return new LbError('ALREADY_EXISTS', message);
}
