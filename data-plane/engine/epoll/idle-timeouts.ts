/**
 * Ends connections that are idle for too long or have lasted for their lifetime, and turns on keep-alive for those that
 * live long.
 *
 * Invariant: a limit of inactivity counts from the last byte or end, not from accept. The deadline is moved when it is
 * due, not with each byte.
 */
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import { KEEP_ALIVE } from '../../kernel/socket-settings.ts';
import { deliveryLimit, inactivityLimit, type InactivityLimit } from '../timeouts.ts';
import type { LoopContext } from './loop-context.ts';
import { BACKEND, CLIENT, SIDE } from './slots.ts';

/**
 * Accepted sockets inherit keep-alive from the listening socket. Towards a backend it takes four calls, so only a
 * connection that lives this long pays for them.
 */
const KEEP_ALIVE_AFTER_MS = 30_000;

const ENDED = SIDE.inputEnded | SIDE.reset;

// `!` on typed arrays in this file: a slot is within them.
export class IdleTimeouts {
  readonly #context: LoopContext;

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** A backend is connected. */
  start(slot: number): void {
    const { handler, nowMs, slots } = this.#context;
    const { lifetimeMs } = handler.timeouts(slot);
    slots.activeMs[slot] = nowMs;
    // Of other connections the cell is never read, so it may hold anything.
    if (lifetimeMs > 0) slots.endMs[slot] = nowMs + lifetimeMs;
    this.#watch(slot);
  }

  /** A byte moved, or a side ended. Returns whether a side has ended. */
  active(slot: number): boolean {
    const { nowMs, slots } = this.#context;
    slots.activeMs[slot] = nowMs;
    // A half-closed connection has a limit of its own, and so has the delivery after a reset.
    const isHalfClosed = this.#isHalfClosed(slot);
    if (isHalfClosed) this.#watch(slot);
    return isHalfClosed;
  }

  /** The deadline has passed. Returns why the connection must be reset, or null. */
  check(slot: number): CloseReason | null {
    const { nowMs, slots } = this.#context;
    const limit = this.#limit(slot);
    if (limit.ms > 0 && nowMs - slots.activeMs[slot]! >= limit.ms) return limit.reason;
    if (nowMs >= this.#endMs(slot)) return 'lifetime';
    this.#keepAlive(slot);
    this.#watch(slot);
    return null;
  }

  #watch(slot: number): void {
    const { deadlines, nowMs, slots } = this.#context;
    const { ms } = this.#limit(slot);
    let deadlineMs = this.#endMs(slot);
    if (ms > 0) deadlineMs = Math.min(deadlineMs, slots.activeMs[slot]! + ms);
    const isKept = (slots.sides[2 * slot + BACKEND]! & SIDE.keptAlive) !== 0;
    if (!isKept) deadlineMs = Math.min(deadlineMs, nowMs + KEEP_ALIVE_AFTER_MS);
    if (deadlineMs < Number.POSITIVE_INFINITY) deadlines.set(slot, deadlineMs);
    else deadlines.cancel(slot);
  }

  /** When its lifetime ends; Infinity: never. */
  #endMs(slot: number): number {
    const { handler, slots } = this.#context;
    return handler.timeouts(slot).lifetimeMs > 0 ? slots.endMs[slot]! : Number.POSITIVE_INFINITY;
  }

  #limit(slot: number): InactivityLimit {
    const { handler, slots } = this.#context;
    const timeouts = handler.timeouts(slot);
    if ((slots.sides[2 * slot + CLIENT]! & SIDE.reset) !== 0) return deliveryLimit(timeouts, 'client_reset');
    if ((slots.sides[2 * slot + BACKEND]! & SIDE.reset) !== 0)
      return deliveryLimit(timeouts, 'backend_reset');
    return inactivityLimit(timeouts, this.#isHalfClosed(slot));
  }

  #isHalfClosed(slot: number): boolean {
    const { sides } = this.#context.slots;
    return ((sides[2 * slot + CLIENT]! | sides[2 * slot + BACKEND]!) & ENDED) !== 0;
  }

  #keepAlive(slot: number): void {
    const { slots, sys } = this.#context;
    const side = 2 * slot + BACKEND;
    if ((slots.sides[side]! & SIDE.keptAlive) !== 0) return;
    slots.sides[side]! |= SIDE.keptAlive;
    const fd = slots.descriptors[side]!;
    sys.setOption(fd, 'keepAliveIdleSeconds', KEEP_ALIVE.idleSeconds);
    sys.setOption(fd, 'keepAliveIntervalSeconds', KEEP_ALIVE.intervalSeconds);
    sys.setOption(fd, 'keepAliveProbes', KEEP_ALIVE.probes);
    sys.setOption(fd, 'keepAlive', 1);
  }
}
