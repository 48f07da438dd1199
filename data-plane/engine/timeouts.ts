/** How long engines wait, in milliseconds. */
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import type { ConnectionTimeouts } from './engine.ts';

/** While accepting is stopped, how often to check for room. */
export const ACCEPT_RETRY_MS = 100;
/** How long a client may take to set up TLS. */
export const HANDSHAKE_MS = 10_000;
/** How often to check whether a side has acknowledged the last bytes of the other one, which was reset. */
export const DELIVERY_POLL_MS = 50;
/** How long that may take when the policy sets no limit. */
const DELIVERY_LIMIT_MS = 60_000;

export interface InactivityLimit {
  /** 0: none. */
  readonly ms: number;
  readonly reason: CloseReason;
}

/** How long a connection may be silent. It is half-closed as soon as one side has ended. */
export function inactivityLimit(timeouts: ConnectionTimeouts, isHalfClosed: boolean): InactivityLimit {
  const { idleMs, halfClosedMs } = timeouts;
  if (isHalfClosed && halfClosedMs > 0 && (idleMs === 0 || halfClosedMs < idleMs)) {
    return { ms: halfClosedMs, reason: 'half_closed_timeout' };
  }
  return { ms: idleMs, reason: 'idle_timeout' };
}

/** How long one side may take to receive what the other, which is gone, had sent. */
export function deliveryLimit(timeouts: ConnectionTimeouts, gone: CloseReason): InactivityLimit {
  return { ms: timeouts.halfClosedMs || DELIVERY_LIMIT_MS, reason: gone };
}
