/**
 * Starts TLS to backends, after everything that is sent to them in the clear.
 *
 * Invariants
 *  - the handshake belongs to the connect: it has the rest of its time, and one that fails is a failed connect;
 *  - a pool without TLS costs one call of the handler.
 */
import { ERRNO } from '../../kernel/errno.ts';
import { EAGAIN } from '../../kernel/linux.ts';
import type { LoopContext } from '../epoll/loop-context.ts';
import type { Dialer } from '../epoll/opening/dialer.ts';
import { BACKEND, SIDE, STATE } from '../epoll/slots.ts';
import type { SideIo } from './side-io.ts';

export interface InitiationEvents {
  /** Also where there is no TLS. */
  secured(slot: number): void;
  failed(slot: number, errno: number, why: string): void;
}

// `!` on typed arrays in this file: a slot is within them.
export class Initiations {
  readonly #context: LoopContext;
  readonly #io: SideIo;
  readonly #dialer: Dialer;
  readonly #events: InitiationEvents;

  constructor(context: LoopContext, io: SideIo, dialer: Dialer, events: InitiationEvents) {
    this.#context = context;
    this.#io = io;
    this.#dialer = dialer;
    this.#events = events;
  }

  /** The backend of a slot is connected. */
  begin(slot: number): void {
    const { handler, slots } = this.#context;
    const tls = handler.tls?.backendTls(slot) ?? null;
    if (tls === null) return this.#events.secured(slot);
    const side = 2 * slot + BACKEND;
    const failure = this.#io.begin(side, tls.context, 'client');
    if (failure !== null) return this.#events.failed(slot, ERRNO.protocol, failure);
    this.#io.expect(side, tls.nameAt, tls.expectsAddress ? this.#dialer.ipOf(slots.rows[slot]!) : null);
    slots.states[slot] = STATE.securing;
    this.continue(slot);
  }

  /** After an event of the backend. */
  continue(slot: number): void {
    const side = 2 * slot + BACKEND;
    const result = this.#io.handshake(side);
    if (result === -EAGAIN) return;
    if (result < 0) return this.#events.failed(slot, -result, `TLS failed: ${this.#io.why(side, -result)}`);
    // What came behind the handshake may be in OpenSSL already.
    this.#context.slots.sides[side]! |= SIDE.readable | SIDE.writable;
    this.#events.secured(slot);
  }

  onDeadline(slot: number): void {
    this.continue(slot);
    if (this.#context.slots.states[slot] === STATE.securing)
      this.#events.failed(slot, ERRNO.timedOut, 'the handshake of TLS took too long');
  }
}
