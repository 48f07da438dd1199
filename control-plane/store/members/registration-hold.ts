/** One registration that this replica holds: what is due when, and when it is over. Times are arguments. */
import { LbError } from '../../../core/runtime/errors.ts';
import type { RegistrationStatus } from './merge-members.ts';
import type { Member, Registration } from '../member-store.ts';

/** A proxy that lost this replica is back within 2 s, its longest backoff, and has then still to be told and to report. */
const PROXIES_MS = 10_000;

/** Told while a hold lasts. */
export interface HoldListener {
  /** Its state or its status changed. */
  changed(status: RegistrationStatus, connections: number): void;
  /** It is over; null: in order, drained. */
  ended(reason: LbError | null): void;
}

export class RegistrationHold {
  /** As it was last written by this replica. */
  member: Member<Registration>;
  /** It is being written: what the store shows meanwhile may be that, or not yet. */
  busy = false;
  /** It said that it goes: it drains as soon as it is not busy. */
  leaving = false;
  readonly #listener: HoldListener;
  #renewAtMs: number;
  #drainUntilMs: number | null = null;
  #proxiesUntilMs = Number.NEGATIVE_INFINITY;
  /** When it was heard last; null: it sends no signs of life, and its stream alone tells. */
  #heardMs: number | null = null;
  #told = '';

  constructor(member: Member<Registration>, listener: HoldListener, nowMs: number) {
    this.member = member;
    this.#listener = listener;
    this.#renewAtMs = nowMs + renewEveryMs(member.value);
  }

  get isDraining(): boolean {
    return this.#drainUntilMs !== null;
  }

  isDue(nowMs: number): boolean {
    return !this.busy && nowMs >= this.#renewAtMs;
  }

  isSilent(nowMs: number): boolean {
    if (this.leaving || this.#heardMs === null) return false;
    return nowMs - this.#heardMs > this.member.value.ttlMs;
  }

  isOverdue(nowMs: number): boolean {
    return this.#drainUntilMs !== null && nowMs >= this.#drainUntilMs;
  }

  /** A sign of life, which wants an answer. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#told = '';
  }

  renewed(nowMs: number): void {
    this.#renewAtMs = nowMs + renewEveryMs(this.member.value);
  }

  /** A drain that has just begun waits for proxies that this replica does not hear. */
  waitsForProxies(nowMs: number): boolean {
    return nowMs < this.#proxiesUntilMs;
  }

  /** For at most `timeoutMs`. */
  drain(member: Member<Registration>, nowMs: number, timeoutMs: number): void {
    this.member = member;
    this.#drainUntilMs = nowMs + timeoutMs;
    this.#proxiesUntilMs = nowMs + PROXIES_MS;
  }

  /** Says where it stands, if that is news. */
  tell(status: RegistrationStatus, connections: number): void {
    const { source, reason, member } = status;
    const now = JSON.stringify([source, reason, member.value.state, connections]);
    if (now === this.#told) return;
    this.#told = now;
    this.#listener.changed(status, connections);
  }

  end(reason: LbError | null): void {
    this.#listener.ended(reason);
  }
}

export function renewEveryMs({ ttlMs }: Registration): number {
  return ttlMs / 3;
}

/**
 * Why a hold is over, when the store has `found` in the place of what was written; undefined when it goes on. One that is
 * gone or expiring goes on: its lease had ended, and it is put again.
 */
export function whyOver(
  mine: Member<Registration>,
  found: Member<Registration> | undefined,
): LbError | undefined {
  if (found === undefined || found.token === mine.token) return undefined;
  const { address, instanceId } = found.value;
  if (instanceId !== mine.value.instanceId) return whyReplaced(found);
  if (found.value.state === 'expiring') return undefined;
  return new LbError('ABORTED', `a newer stream of this instance has registered ${address}, and takes over`);
}

export function whyReplaced({ value: { address, instanceId } }: Member<Registration>): LbError {
  const message = `another instance (${instanceId}) has registered ${address} since, and the newest one counts: give each process an address of its own`;
  return new LbError('ALREADY_EXISTS', message);
}

export function whySilent({ value }: Member<Registration>): LbError {
  const message = `no sign of life for ${value.ttlMs / 1_000} s, the ttl of ${value.address}: register again`;
  return new LbError('UNAVAILABLE', message);
}

export function whyStale(): LbError {
  const message = 'this replica can’t reach its store, so it renews nothing: register at another one';
  return new LbError('UNAVAILABLE', message);
}
