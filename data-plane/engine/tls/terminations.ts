/**
 * Terminates TLS with clients: their handshakes, between accept and the choice of a backend.
 *
 * Invariant: a handshake ends within HANDSHAKE_MS. A client that has failed is told by an alert, so it is closed in
 * order; one that is late is reset.
 */
import { NO_ROW } from '../engine.ts';
import { EAGAIN } from '../../kernel/linux.ts';
import type { LoopContext } from '../epoll/loop-context.ts';
import { CLIENT, SIDE, STATE } from '../epoll/slots.ts';
import { HANDSHAKE_MS } from '../timeouts.ts';
import type { SideIo } from './side-io.ts';

export interface TerminationEvents {
  /** The handler returned this instead of, or as, a row. */
  decided(slot: number, row: number): void;
  failed(slot: number, how: 'close' | 'reset'): void;
}

export class Terminations {
  readonly #context: LoopContext;
  readonly #io: SideIo;
  readonly #events: TerminationEvents;

  constructor(context: LoopContext, io: SideIo, events: TerminationEvents) {
    this.#context = context;
    this.#io = io;
    this.#events = events;
  }

  begin(slot: number): void {
    const { deadlines, handler, nowMs, slots } = this.#context;
    const failure = this.#io.begin(2 * slot + CLIENT, handler.tls?.serverContext(slot) ?? 0, 'server');
    if (failure !== null) return this.#failed(slot, failure, 'reset');
    slots.states[slot] = STATE.terminating;
    deadlines.set(slot, nowMs + HANDSHAKE_MS);
    this.continue(slot);
  }

  /** After an event of the client. */
  continue(slot: number): void {
    const { deadlines, handler, slots } = this.#context;
    const side = 2 * slot + CLIENT;
    const result = this.#io.handshake(side);
    if (result === -EAGAIN) return;
    if (result < 0) return this.#failed(slot, this.#io.why(side, -result), 'close');
    deadlines.cancel(slot);
    slots.states[slot] = STATE.connecting;
    // What came behind the handshake may be in OpenSSL already.
    slots.sides[side]! |= SIDE.readable | SIDE.writable; // `!`: a side is within them.
    this.#events.decided(slot, handler.tls?.onTerminated(slot, this.#io.isResumed(side)) ?? NO_ROW);
  }

  onDeadline(slot: number): void {
    this.continue(slot);
    if (this.#context.slots.states[slot] === STATE.terminating)
      this.#failed(slot, `it was not done after ${HANDSHAKE_MS / 1_000} s`, 'reset');
  }

  #failed(slot: number, why: string, how: 'close' | 'reset'): void {
    this.#context.handler.tls?.onTerminationFailed(why);
    this.#events.failed(slot, how);
  }
}
