/**
 * Connections that have no backend yet: what is read of the client, what is tried, and what they wait for.
 *
 *   (reading first bytes →) (terminating TLS →) connecting ⇄ waiting (for a retry, or for room) (→ announcing the client)
 *   (→ asking for TLS) (→ securing, with TLS of ours) → established
 */
import { READ_FIRST, TERMINATE } from '../../engine.ts';
import type { CloseReason } from '../../../../core/wire/close-reasons.ts';
import { ERRNO } from '../../../kernel/errno.ts';
import type { Ffi } from '../../../kernel/ffi.ts';
import { Attempts } from './attempts.ts';
import type { Dialer } from './dialer.ts';
import { FirstBytesStage } from './first-bytes.ts';
import type { LoopContext } from '../loop-context.ts';
import { Prefaces } from './prefaces.ts';
import { BACKEND, CLIENT, SIDE, STATE } from '../slots.ts';
import { SslRequests } from './ssl-requests.ts';
import { Initiations } from '../../tls/initiations.ts';
import type { SideIo } from '../../tls/side-io.ts';
import { Terminations } from '../../tls/terminations.ts';

export interface OpeningInputs {
  readonly context: LoopContext;
  readonly dialer: Dialer;
  readonly ffi: Pick<Ffi, 'address'>;
  readonly io: SideIo;
}

export interface OpeningEvents {
  established(slot: number): void;
  /** No backend will have it. */
  over(slot: number, reason: CloseReason, how: 'close' | 'reset'): void;
  /** The process or the system has no descriptor or memory left. */
  ranShort(slot: number, errno: number): void;
}

// `!` on typed arrays in this file: a slot is within them.
export class Openings {
  readonly #context: LoopContext;
  readonly #events: OpeningEvents;
  readonly #firstBytes: FirstBytesStage;
  readonly #attempts: Attempts;
  readonly #prefaces: Prefaces;
  readonly #sslRequests: SslRequests;
  readonly #terminations: Terminations;
  readonly #initiations: Initiations;

  constructor({ context, dialer, ffi, io }: OpeningInputs, events: OpeningEvents) {
    this.#context = context;
    this.#events = events;
    this.#firstBytes = new FirstBytesStage(context, ffi, {
      decided: (slot, row) => this.#decided(slot, row),
      clientLost: (slot) => events.over(slot, 'client_reset', 'reset'),
    });
    this.#terminations = new Terminations(context, io, {
      decided: (slot, row) => this.#decided(slot, row),
      failed: (slot, how) => events.over(slot, 'tls_failed', how),
    });
    this.#attempts = new Attempts(context, dialer, io, {
      established: (slot) => this.#connected(slot),
      gaveUp: (slot, reason) => events.over(slot, reason, 'reset'),
      ranShort: (slot, errno) => events.ranShort(slot, errno),
    });
    this.#prefaces = new Prefaces(context, ffi);
    this.#sslRequests = new SslRequests(context, ffi, {
      granted: (slot) => this.#initiations.begin(slot),
      failed: (slot, errno) => this.#attempts.failed(slot, errno),
    });
    this.#initiations = new Initiations(context, io, dialer, {
      secured: (slot) => this.#established(slot),
      failed: (slot, errno, why) => this.#attempts.failed(slot, errno, why),
    });
  }

  /** `row`: what `onAccept` returned. */
  begin(slot: number, row: number): void {
    if (row === READ_FIRST) this.#firstBytes.begin(slot);
    else this.#decided(slot, row);
  }

  /** The flags of a side have changed. */
  onEvent(slot: number, side: number): void {
    const { slots, sys } = this.#context;
    const flags = slots.sides[side]!;
    const state = slots.states[slot];
    if (state === STATE.terminating)
      return (side & 1) === CLIENT ? this.#terminations.continue(slot) : undefined;
    const errno = (flags & SIDE.failing) === 0 ? 0 : sys.pendingError(slots.descriptors[side]!);
    slots.sides[side] = flags & ~SIDE.failing;
    if ((side & 1) === BACKEND) {
      if (errno !== 0) this.#attempts.failed(slot, errno);
      else if (state === STATE.asking) this.#sslRequests.answered(slot);
      else if (state === STATE.securing) this.#initiations.continue(slot);
      else if ((flags & SIDE.writable) !== 0) this.#attempts.connected(slot);
      return;
    }
    // It ended in order before its reset, so what it sent still goes to the backend.
    if (errno === ERRNO.pipe) slots.sides[side] |= SIDE.outputBroken;
    else if (errno !== 0) return this.#events.over(slot, 'client_reset', 'reset');
    if (state === STATE.reading) {
      if ((flags & SIDE.readable) !== 0) this.#firstBytes.look(slot);
    } else if ((flags & SIDE.ending) !== 0) this.#attempts.clientEnded(slot);
  }

  onDeadline(slot: number): void {
    const state = this.#context.slots.states[slot];
    if (state === STATE.reading) this.#firstBytes.onDeadline(slot);
    else if (state === STATE.terminating) this.#terminations.onDeadline(slot);
    else if (state === STATE.securing) this.#initiations.onDeadline(slot);
    else if (state === STATE.asking) this.#sslRequests.onDeadline(slot);
    else this.#attempts.onDeadline(slot);
  }

  /** See Engine.reconsider. */
  reconsider(slot: number): void {
    const state = this.#context.slots.states[slot];
    if (state !== STATE.reading && state !== STATE.terminating) this.#attempts.failed(slot, ERRNO.canceled);
  }

  /** The slot is free. */
  forget(slot: number): void {
    this.#firstBytes.forget(slot);
  }

  #decided(slot: number, row: number): void {
    if (row === TERMINATE) this.#terminations.begin(slot);
    else this.#attempts.start(slot, row, 0);
  }

  #connected(slot: number): void {
    const errno = this.#prefaces.send(slot);
    if (errno !== 0) return this.#attempts.failed(slot, errno);
    if (this.#firstBytes.hasAsked(slot) && this.#passesTls(slot)) this.#sslRequests.ask(slot);
    else this.#initiations.begin(slot);
  }

  /** Whether its backend gets TLS at all. */
  #passesTls(slot: number): boolean {
    const { handler, slots } = this.#context;
    const isOurs = (slots.sides[2 * slot + CLIENT]! & SIDE.tls) !== 0;
    return !isOurs || (handler.tls?.backendTls(slot) ?? null) !== null;
  }

  #established(slot: number): void {
    this.#firstBytes.forget(slot);
    this.#events.established(slot);
  }
}
