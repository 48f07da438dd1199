/**
 * Asks PostgreSQL backends for TLS, as their clients have asked this proxy before their hello was read. A backend that is
 * not willing is one that can't be connected to.
 */
import { SSL_REQUEST, WILLING } from '../../../first-bytes/ssl-request.ts';
import { ERRNO } from '../../../kernel/errno.ts';
import type { Ffi } from '../../../kernel/ffi.ts';
import { EAGAIN, EINTR } from '../../../kernel/linux.ts';
import type { LoopContext } from '../loop-context.ts';
import { BACKEND, STATE } from '../slots.ts';

export interface SslRequestEvents {
  granted(slot: number): void;
  failed(slot: number, errno: number): void;
}

export class SslRequests {
  readonly #context: LoopContext;
  readonly #events: SslRequestEvents;
  readonly #request = SSL_REQUEST.slice();
  readonly #requestAt: number;
  readonly #answer = new Uint8Array(1);
  readonly #answerAt: number;

  constructor(context: LoopContext, ffi: Pick<Ffi, 'address'>, events: SslRequestEvents) {
    this.#context = context;
    this.#events = events;
    this.#requestAt = ffi.address(this.#request);
    this.#answerAt = ffi.address(this.#answer);
  }

  /** Asks the backend of a slot, which is connected. It has as long to answer as it had to be connected. */
  ask(slot: number): void {
    const { deadlines, handler, nowMs, slots, sys } = this.#context;
    slots.states[slot] = STATE.asking;
    const { connectMs } = handler.timeouts(slot);
    if (connectMs > 0) deadlines.set(slot, nowMs + connectMs);
    const { length } = this.#request;
    const taken = sys.send(this.#backend(slot), this.#requestAt, length);
    // A connection that is new takes more than that at once, unless the kernel has no memory for sockets.
    if (taken !== length)
      this.#events.failed(slot, taken >= 0 || taken === -EAGAIN ? ERRNO.noBuffers : -taken);
  }

  /** It has had its time. An answer that came in it still counts: its event may not have been seen yet. */
  onDeadline(slot: number): void {
    this.answered(slot);
    if (this.#context.slots.states[slot] === STATE.asking) this.#events.failed(slot, ERRNO.timedOut);
  }

  /** The backend has said something, or ended. */
  answered(slot: number): void {
    const got = this.#context.sys.receive(this.#backend(slot), this.#answerAt, 1);
    if (got === -EAGAIN || got === -EINTR) return;
    if (got === 1 && this.#answer[0] === WILLING) this.#events.granted(slot);
    else this.#events.failed(slot, got < 0 ? -got : ERRNO.protocol);
  }

  #backend(slot: number): number {
    return this.#context.slots.descriptors[2 * slot + BACKEND]!; // `!`: a slot is within them.
  }
}
