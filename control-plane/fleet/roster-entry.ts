/** One process on the roster: its report stream, and whether others use its id. */
import type { Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { Process, ReportedProxy } from './proxy-record.ts';

/** What becomes of a report stream. */
export interface ReportOwner {
  /** Called at most once, when the stream must end, and never after `close`. */
  end(reason: LbError): void;
  /** Other processes now report under the same id; none: not any more. */
  sameId(others: readonly Process[]): void;
}

export interface Entry {
  readonly proxy: ReportedProxy;
  /** Of the open report stream; null: the proxy is away. */
  owner: ReportOwner | null;
  /** Removes the proxy when it has been away for too long. */
  absence: Timer | null;
  /** Ends the stream unless the process shows that it lives; null: no other process came under its id, or it does. */
  silence: Timer | null;
  /** It reports while another process does so under its id. */
  duplicate: boolean;
}

export function newEntry(proxy: ReportedProxy, owner: ReportOwner | null): Entry {
  return { proxy, owner, absence: null, silence: null, duplicate: false };
}

export function isSameProcess({ proxy }: Entry, { instanceId }: ProxyInfo__Output): boolean {
  return proxy.info.instanceId === instanceId;
}

/** Nothing more comes from its stream; ends the stream unless `reason` is null. */
export function release(entry: Entry, reason: LbError | null): void {
  const { owner } = entry;
  entry.owner = null;
  entry.proxy.backends.stopCounting();
  cancelTimers(entry);
  if (reason !== null) owner?.end(reason);
}

export function cancelTimers(entry: Entry): void {
  entry.absence?.cancel();
  entry.silence?.cancel();
  entry.silence = null;
}

export function newerStream(): LbError {
  return new LbError('ABORTED', 'this process opened a newer report stream, which replaced this one');
}

export function silentFor({ instanceId }: ProxyInfo__Output, silentMs: number): LbError {
  const message = `nothing came for ${silentMs / 1_000} s, and another process, ${instanceId}, reports under the same id; if both run, give each its own --proxy-id`;
  return new LbError('ALREADY_EXISTS', message);
}
