/** One registration that this replica holds: when it is due for what, and when it ends. Times are arguments. */
import { LbError } from '../../../core/runtime/errors.ts';
import type { Member, Registration } from '../member-store.ts';
import type { RegistrationStatus } from './merge-members.ts';

/** A proxy that lost this replica reconnects within 2 s, its longest backoff; then it needs time to apply and report. */
const PROXIES_MS = 10_000;

export interface HoldListener {
  /** Its state, its source or its number of connections changed. */
  changed(status: RegistrationStatus, connections: number): void;
  /** The hold is over; null: the backend drained in order. */
  ended(reason: LbError | null): void;
}

export class RegistrationHold {
  /** As this replica last wrote it. */
  member: Member<Registration>;
  /** A write is under way: what the store shows meanwhile may be the new record or the old one. */
  busy = false;
  /** The backend said that it leaves: it drains as soon as no write is under way. */
  leaving = false;
  readonly #listener: HoldListener;
  #renewAtMs: number;
  #drainUntilMs: number | null = null;
  #proxiesUntilMs = Number.NEGATIVE_INFINITY;
  /** The last sign of life; null: the caller sends none, and only its stream shows that it is there. */
  #heardMs: number | null = null;
  #reported = '';

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

  /** A sign of life, which expects an answer. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#reported = '';
  }

  renewed(nowMs: number): void {
    this.#renewAtMs = nowMs + renewEveryMs(this.member.value);
  }

  /** At the beginning of a drain, proxies that are not connected to this replica are waited for, too. */
  waitsForProxies(nowMs: number): boolean {
    return nowMs < this.#proxiesUntilMs;
  }

  /** Begins a drain that lasts `timeoutMs` at most. */
  drain(member: Member<Registration>, nowMs: number, timeoutMs: number): void {
    this.member = member;
    this.#drainUntilMs = nowMs + timeoutMs;
    this.#proxiesUntilMs = nowMs + PROXIES_MS;
  }

  /** Reports the status to the caller, unless it is what was reported last. */
  report(status: RegistrationStatus, connections: number): void {
    const { source, reason, member } = status;
    const now = JSON.stringify([source, reason, member.value.state, connections]);
    if (now === this.#reported) return;
    this.#reported = now;
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
 * Why a hold is over, when the store has `found` instead of what this replica wrote; undefined when it goes on. A
 * registration that is gone or expiring goes on: its lease had ended, and it is written again.
 */
export function whyOver(mine: Member<Registration>, found?: Member<Registration>): LbError | undefined {
  if (found === undefined || found.token === mine.token) return undefined;
  const { address, instanceId, state } = found.value;
  if (instanceId !== mine.value.instanceId) return whyReplaced(found);
  if (state === 'expiring') return undefined;
  return new LbError('ABORTED', `a newer stream of this instance has registered ${address} and takes over`);
}

export function whyReplaced({ value: { address, instanceId } }: Member<Registration>): LbError {
  const message = `another instance (${instanceId}) has registered ${address} since, and the newest one wins; give each process its own address`;
  return new LbError('ALREADY_EXISTS', message);
}
