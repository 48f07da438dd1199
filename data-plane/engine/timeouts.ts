/** How long engines wait, and for what. All in milliseconds. */
import type { ConnectionTimeouts } from './engine.ts';
import type { CloseReason } from '../memory/close-reasons.ts';

/** While accepting is stopped, how often to look whether there is room again. */
export const ROOM_LOOK_MS = 100;
/** How often to look whether a side has acknowledged the last bytes of one that was reset. */
export const DELIVERY_LOOK_MS = 50;
/** How long a side may take for these when its policy sets no limit. */
const DELIVERY_LIMIT_MS = 60_000;

export interface InactivityLimit {
  /** 0: none. */
  readonly ms: number;
  readonly reason: CloseReason;
}

/** How long nothing may move. Half-closed counts as soon as one side has ended. */
export function inactivityLimit(timeouts: ConnectionTimeouts, isHalfClosed: boolean): InactivityLimit {
  const { idleMs, halfClosedMs } = timeouts;
  if (isHalfClosed && halfClosedMs > 0 && (idleMs === 0 || halfClosedMs < idleMs)) {
    return { ms: halfClosedMs, reason: 'half_closed_timeout' };
  }
  return { ms: idleMs, reason: 'idle_timeout' };
}

/** How long one side may take for what the other, which is gone, had said. */
export function deliveryLimit(timeouts: ConnectionTimeouts, gone: CloseReason): InactivityLimit {
  return { ms: timeouts.halfClosedMs || DELIVERY_LIMIT_MS, reason: gone };
}
