/**
 * Attempts to connect to a backend: connects, waits, tries the next row.
 *
 * Invariants
 *  - the descriptor of a failed connect is closed before the handler is called;
 *  - a shortage of our own ends the connection: no backend is to blame, and another one would not help;
 *  - a connect is polled once more before it counts as timed out, so that a pause of this process fails no connect that
 *    was answered meanwhile.
 */
import { NO_ROW, WAIT } from '../../engine.ts';
import type { CloseReason } from '../../../../core/wire/close-reasons.ts';
import { ERRNO, isShortage } from '../../../kernel/errno.ts';
import { CONNECTED, type Dialer } from './dialer.ts';
import { registerSide } from '../interest.ts';
import type { LoopContext } from '../loop-context.ts';
import { BACKEND, CLIENT, SIDE, STATE } from '../slots.ts';
import { EALREADY } from '../../../kernel/linux.ts';
import type { SideIo } from '../../tls/side-io.ts';

/** The outcome of attempts. */
export interface AttemptEvents {
  established(slot: number): void;
  /** There is no backend left to try. */
  gaveUp(slot: number, reason: CloseReason): void;
  /** The process or the system has no descriptor or memory left. */
  ranShort(slot: number, errno: number): void;
}

// `!` on typed arrays in this file: a slot is within them.
export class Attempts {
  readonly #context: LoopContext;
  readonly #dialer: Dialer;
  readonly #io: SideIo;
  readonly #events: AttemptEvents;

  constructor(context: LoopContext, dialer: Dialer, io: SideIo, events: AttemptEvents) {
    this.#context = context;
    this.#dialer = dialer;
    this.#io = io;
    this.#events = events;
  }

  /** Connects to a row, then to those that the handler returns, or waits for one, or gives up. */
  start(slot: number, firstRow: number, firstDelayMs: number): void {
    const { deadlines, handler, nowMs, slots } = this.#context;
    let row = firstRow;
    let delayMs = row === WAIT ? handler.retryDelayMs : firstDelayMs;
    while (row !== NO_ROW) {
      slots.rows[slot] = row;
      if (delayMs > 0 || row === WAIT) {
        slots.states[slot] = STATE.waiting;
        deadlines.set(slot, nowMs + delayMs);
        if (row === WAIT && this.#hasLeft(slot)) this.#events.gaveUp(slot, 'client_reset');
        return;
      }
      const errno = this.#connect(slot, row);
      if (errno === 0) return;
      if (isShortage(errno)) return this.#events.ranShort(slot, errno);
      row = handler.onConnectFailed(slot, errno);
      delayMs = row === NO_ROW ? 0 : handler.retryDelayMs;
    }
    this.#events.gaveUp(slot, handler.refusal);
  }

  /** The current attempt, or the wait for the next one, has failed. `why`: in words, where TLS failed. */
  failed(slot: number, errno: number, why?: string): void {
    const { deadlines, handler, slots, sys } = this.#context;
    const side = 2 * slot + BACKEND;
    const fd = slots.descriptors[side]!;
    this.#io.release(side);
    slots.descriptors[side] = 0;
    if (fd !== 0) sys.close(fd);
    deadlines.cancel(slot);
    if (isShortage(errno)) return this.#events.ranShort(slot, errno);
    const row = handler.onConnectFailed(slot, errno, why);
    this.start(slot, row, row === NO_ROW ? 0 : handler.retryDelayMs);
  }

  onDeadline(slot: number): void {
    const { descriptors, ports, rows, states } = this.#context.slots;
    if (states[slot] === STATE.waiting) {
      if (rows[slot] === WAIT) this.failed(slot, ERRNO.timedOut);
      else this.start(slot, rows[slot]!, 0);
      return;
    }
    const errno = this.#dialer.finish(descriptors[2 * slot + BACKEND]!, rows[slot]!, ports[slot]!);
    if (errno === CONNECTED) this.connected(slot);
    else this.failed(slot, errno === EALREADY ? ERRNO.timedOut : errno);
  }

  /** The connect has succeeded. One that met itself counts as refused: nobody listens there. */
  connected(slot: number): void {
    const { slots, sys } = this.#context;
    const side = 2 * slot + BACKEND;
    const fd = slots.descriptors[side]!;
    if (!this.#dialer.metItself(fd, slots.rows[slot]!, slots.ports[slot]!))
      return this.#events.established(slot);
    // An orderly close would keep the port from the backend for another minute.
    slots.descriptors[side] = 0;
    sys.reset(fd);
    this.failed(slot, ERRNO.refused);
  }

  /** The client of a connection has ended its output. Without a byte it can ask for nothing: it does not wait on. */
  clientEnded(slot: number): void {
    const { rows, states } = this.#context.slots;
    if (states[slot] === STATE.waiting && rows[slot] === WAIT && this.#hasLeft(slot))
      this.#events.gaveUp(slot, 'client_reset');
  }

  #hasLeft(slot: number): boolean {
    const side = 2 * slot + CLIENT;
    return (this.#context.slots.sides[side]! & SIDE.ending) !== 0 && !this.#io.hasUnread(side);
  }

  /** Returns 0 when a connect has started, or the errno. */
  #connect(slot: number, row: number): number {
    const { deadlines, handler, nowMs, slots, sys } = this.#context;
    const side = 2 * slot + BACKEND;
    const fd = this.#dialer.dial(row, slots.ports[slot]!);
    if (fd < 0) return -fd;
    slots.descriptors[side] = fd;
    slots.sides[side] = 0;
    slots.states[slot] = STATE.connecting;
    const failure = registerSide(this.#context, side);
    if (failure < 0) {
      slots.descriptors[side] = 0;
      sys.close(fd);
      return -failure;
    }
    const { connectMs } = handler.timeouts(slot);
    if (connectMs > 0) deadlines.set(slot, nowMs + connectMs);
    else deadlines.cancel(slot);
    return 0;
  }
}
