/**
 * The fleet as this replica sees it: what every proxy reported, in memory.
 *
 * Invariants
 *  - first contact puts a proxy on the roster; a clean stop, ten minutes' absence or `remove` takes it off;
 *  - at most one process reports under an id: the newest one wins, and the other is told so;
 *  - a stream's first report replaces all that was known, each further one only what it names;
 *  - bounded: so many proxies, and so many backends, listeners and workers of each (proxy-record.ts).
 */
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { type ProxyRecord, ReportedProxy } from './proxy-record.ts';

const ABSENCE_MS = 10 * 60_000;
const MAX_PROXIES = 10_000;
/** After a start: proxies that run try again within 2 s, their longest backoff, so they are on the roster by then. */
const ROSTER_GRACE_MS = 5_000;

/** A report stream's place in the fleet. */
export interface FleetSession {
  /** Throws LbError when the proxy reports more than is kept of one. */
  report(request: StreamReportsRequest__Output): void;
  /** The stream ended. May be called more than once. */
  close(): void;
}

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
  }

  #report(member: Member, request: StreamReportsRequest__Output): void {
    if (member.end === null) return;
    member.proxy.fold(request, this.#clock.wallMs());
    if (request.applied !== null) this.#changed();
  }

  #close(member: Member): void {
    if (member.end === null) return;
    member.end = null;
    if (member.proxy.stopping) {
      this.#forget(member);
      return;
    }
    member.proxy.connected = false;
    member.proxy.lastSeenMs = this.#clock.wallMs();
    member.absence = this.#clock.after(ABSENCE_MS, () => this.#forget(member));
    this.#changed();
  }

  #forget(member: Member): void {
    member.absence?.cancel();
    this.#members.delete(member.proxy.info.id);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function replacedBy(info: ProxyInfo__Output, old: ProxyInfo__Output): LbError {
  if (info.instanceId === old.instanceId) {
    return new LbError('ABORTED', 'this process opened a newer report stream, which replaces this one');
  }
  const message = `another process reports as proxy "${info.id}" now (instance ${info.instanceId}, this one is ${old.instanceId}): give each process a --proxy-id of its own`;
  return new LbError('ALREADY_EXISTS', message);
}
