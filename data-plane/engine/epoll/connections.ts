/**
 * The life of each connection of a worker, from accept to close.
 *
 *   without a backend (openings.ts) → relaying → delivering (the last bytes of a side that was lost) → free
 *
 * Invariants
 *  - the handler is called in the order that ConnectionHandler documents; onClosed exactly once, as the last call;
 *  - nothing is read from the client before a backend is connected, except what first-bytes.ts does;
 *  - an exception anywhere in here resets one connection only;
 *  - no connection is reset for a deadline, or by an order, before the kernel was asked what it holds for it: its events
 *    may not have been seen yet, after a pause of this process or when more came than one wait returns;
 *  - an event of a closed connection, even of the same wait, is recognized by its generation and dropped.
 */
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import { errnoName, isShortage } from '../../kernel/errno.ts';
import { IdleTimeouts } from './idle-timeouts.ts';
import { Openings } from './opening/openings.ts';
import { ResetDeliveries } from './reset-deliveries.ts';
import type { Dialer } from './opening/dialer.ts';
import type { SideIo } from '../tls/side-io.ts';
import { muteBlockedInput, registerSide, unmuteDrainedInput } from './interest.ts';
import type { LoopContext } from './loop-context.ts';
import type { Ffi } from '../../kernel/ffi.ts';
import { PeerAddress } from '../peer-address.ts';
import { ReadyList } from './ready-list.ts';
import type { Relay } from './relay.ts';
import { turnBytes } from './sizes.ts';
import { BACKEND, CLIENT, SIDE, type Slots, STATE } from './slots.ts';
import { backendEndedFirst, RELAY_STATE, type RelayState } from './relay-state.ts';
import { MemoryRetries } from './memory-retries.ts';
import { EPOLL } from '../../kernel/linux.ts';

const HAS_ENDED = EPOLL.readHangUp | EPOLL.hangUp | EPOLL.error;

export interface ConnectionsInputs {
  readonly context: LoopContext;
  readonly dialer: Dialer;
  readonly relay: Relay;
  readonly ffi: Pick<Ffi, 'address'>;
  readonly io: SideIo;
  onFault(where: string, error: unknown): void;
  /** Descriptors or memory ran out. */
  onShortage(errno: number): void;
  /** A slot of a listener's client is free again. */
  onReleased(listener: number): void;
}

// `!` on typed arrays in this file: a slot is within them.
export class Connections {
  readonly #in: ConnectionsInputs;
  readonly #context: LoopContext;
  readonly #openings: Openings;
  /** The client that is accepted now. */
  readonly #peer = new PeerAddress();
  readonly #idleTimeouts: IdleTimeouts;
  readonly #deliveries: ResetDeliveries;
  readonly #ready: ReadyList;
  readonly #memoryRetries: MemoryRetries;
  /** The limit of the turns in the current run. */
  #turnBytes = turnBytes(1);
  readonly #runSlot = (slot: number): void => this.#turn(slot);
  readonly #retry = (slot: number): void => {
    markUsable(this.#context.slots, slot);
    this.#ready.add(slot);
  };

  constructor(inputs: ConnectionsInputs) {
    const { context } = inputs;
    this.#in = inputs;
    this.#context = context;
    this.#ready = new ReadyList(context.slots.capacity);
    this.#idleTimeouts = new IdleTimeouts(context);
    this.#deliveries = new ResetDeliveries(context);
    this.#memoryRetries = new MemoryRetries(context);
    this.#openings = new Openings(inputs, {
      established: (slot) => this.#established(slot),
      over: (slot, reason, how) => this.#finish(slot, reason, how),
      ranShort: (slot, errno) => this.#ranShort(slot, errno),
    });
  }

  /** Whether connections have something to do without any event. */
  get isBusy(): boolean {
    return this.#ready.count > 0;
  }

  /** Starts a connection for a client that was just accepted. The caller has made sure that a slot is free. */
  accepted(fd: number, listener: number, port: number): void {
    const { handler, slots, sys } = this.#context;
    const { bytes, start, length } = sys.peerIp;
    this.#peer.set(bytes, start, length, sys.peerPort);
    const slot = slots.take();
    slots.descriptors[2 * slot + CLIENT] = fd;
    slots.listeners[slot] = listener;
    slots.ports[slot] = port;
    const failure = registerSide(this.#context, 2 * slot + CLIENT);
    try {
      const row = handler.onAccept(slot, listener, this.#peer);
      if (failure >= 0) this.#openings.begin(slot, row);
      else if (isShortage(-failure)) this.#ranShort(slot, -failure);
      else throw new Error(`a client's socket cannot be waited for: ${errnoName(-failure)}`);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  /** An event of a side. `generation` identifies the connection among those that had this slot. */
  onEvent(side: number, generation: number, bits: number): void {
    const { slots } = this.#context;
    const slot = side >> 1;
    const state = slots.states[slot];
    if (slots.generations[slot] !== generation || state === STATE.free) return;
    const isRelayed = state === STATE.relaying || state === STATE.delivering;
    if (isRelayed) muteBlockedInput(this.#context, side, bits);
    let flags = slots.sides[side]!;
    if ((bits & EPOLL.in) !== 0) flags |= SIDE.readable;
    if ((bits & EPOLL.out) !== 0) flags |= SIDE.writable;
    if ((bits & HAS_ENDED) !== 0) flags |= SIDE.readable | SIDE.ending;
    if ((bits & EPOLL.error) !== 0) flags |= SIDE.failing;
    if ((bits & EPOLL.urgent) !== 0) flags |= SIDE.readable | SIDE.urgent;
    // TLS may have to write in order to read.
    if ((flags & SIDE.tls) !== 0) flags |= SIDE.readable | SIDE.writable;
    slots.sides[side] = flags;
    if (isRelayed) return this.#ready.add(slot);
    try {
      this.#openings.onEvent(slot, side);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  /** Gives a turn to each connection that has something to do. */
  run(): void {
    if (this.#ready.count === 0) return;
    this.#turnBytes = turnBytes(this.#ready.count);
    this.#ready.run(this.#runSlot);
  }

  /** A deadline of a connection has passed. */
  onDeadline(slot: number): void {
    if (slot === this.#memoryRetries.deadlineId) return this.#memoryRetries.onDeadline(this.#retry);
    try {
      const state = this.#context.slots.states[slot];
      if (state === STATE.relaying) this.#checkIdle(slot);
      else if (state === STATE.delivering) this.#finishIf(slot, this.#deliveries.check(slot));
      else if (state !== STATE.free) this.#openings.onDeadline(slot);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  /** See Engine.reconsider. */
  reconsider(slot: number): void {
    const { slots } = this.#context;
    const state = slots.states[slot];
    if (!slots.isOpen(slot) || state === STATE.relaying || state === STATE.delivering) return;
    try {
      this.#openings.reconsider(slot);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  reset(slot: number, reason: CloseReason): void {
    const { slots } = this.#context;
    if (!slots.isOpen(slot)) return;
    this.#turnUnasked(slot);
    if (slots.isOpen(slot)) this.#finish(slot, reason, 'reset');
  }

  resetAll(reason: CloseReason): void {
    for (let slot = 0; slot < this.#context.slots.touched; slot++) this.reset(slot, reason);
  }

  #checkIdle(slot: number): void {
    if (this.#idleTimeouts.check(slot) === null) return;
    this.#turnUnasked(slot);
    if (this.#context.slots.states[slot] === STATE.relaying)
      this.#finishIf(slot, this.#idleTimeouts.check(slot));
  }

  /** Turns without any event: two, because the end of a side may stand behind the bytes that the first one reads. */
  #turnUnasked(slot: number): void {
    for (let turn = 0; turn < 2; turn++) {
      markUsable(this.#context.slots, slot);
      this.#turn(slot);
    }
  }

  #established(slot: number): void {
    const { handler, slots } = this.#context;
    slots.states[slot] = STATE.relaying;
    handler.onEstablished(slot);
    this.#idleTimeouts.start(slot);
    this.#ready.add(slot);
  }

  #turn(slot: number): void {
    const { handler, slots } = this.#context;
    const state = slots.states[slot];
    if (state !== STATE.relaying && state !== STATE.delivering) return;
    const { relay } = this.#in;
    try {
      const relayState = relay.turn(slot, this.#turnBytes);
      const toBackend = relay.moved[BACKEND]!;
      const toClient = relay.moved[CLIENT]!;
      if (toBackend !== 0 || toClient !== 0) handler.onBytes(slot, toBackend, toClient);
      if (relay.unfinished) this.#ready.add(slot);
      unmuteDrainedInput(this.#context, slot);
      if (relay.active && state === STATE.relaying) this.#active(slot);
      const isGivenUp = !this.#memoryRetries.turned(slot, relay.memoryErrno !== 0);
      if (relayState !== RELAY_STATE.open) this.#applyState(slot, relayState);
      else if (isGivenUp) throw new Error(`${errnoName(relay.memoryErrno)} for too long`);
      else if (relay.memoryErrno !== 0) this.#in.onShortage(relay.memoryErrno);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  #active(slot: number): void {
    const hasEnded = this.#idleTimeouts.active(slot);
    if (hasEnded && backendEndedFirst(this.#context.slots, slot)) this.#context.handler.onBackendEnded(slot);
  }

  #applyState(slot: number, relayState: RelayState): void {
    if (relayState === RELAY_STATE.completed) this.#finish(slot, 'completed', 'close');
    else if (relayState === RELAY_STATE.clientBroken) this.#finish(slot, 'client_reset', 'reset');
    else if (relayState === RELAY_STATE.backendBroken) this.#finish(slot, 'backend_reset', 'reset');
    else if (this.#context.slots.states[slot] === STATE.relaying) {
      this.#context.slots.states[slot] = STATE.delivering;
      this.#deliveries.begin(slot, relayState === RELAY_STATE.deliverToBackend ? BACKEND : CLIENT);
      this.#finishIf(slot, this.#deliveries.check(slot));
    }
  }

  #finishIf(slot: number, reason: CloseReason | null): void {
    if (reason !== null) this.#finish(slot, reason, 'reset');
  }

  #finish(slot: number, reason: CloseReason, how: 'close' | 'reset'): void {
    const { deadlines, handler, slots, sys } = this.#context;
    deadlines.cancel(slot);
    this.#openings.forget(slot);
    this.#deliveries.forget(slot);
    this.#memoryRetries.forget(slot);
    this.#in.relay.forget(slot);
    for (let side = 2 * slot; side <= 2 * slot + 1; side++) {
      const fd = slots.descriptors[side]!;
      if (fd === 0) continue;
      this.#in.io.release(side);
      slots.descriptors[side] = 0;
      if (how === 'close') sys.close(fd);
      else sys.reset(fd);
    }
    // The handler must not see the slot as open. It is reused only after release().
    slots.states[slot] = STATE.free;
    try {
      handler.onClosed(slot, reason);
    } catch (error) {
      this.#in.onFault('closing a connection', error);
    }
    slots.release(slot);
    this.#in.onReleased(slots.listeners[slot]!);
  }

  /** No backend is to blame: this client is reset, and new ones wait. */
  #ranShort(slot: number, errno: number): void {
    this.#finish(slot, 'internal_error', 'reset');
    // After the release, which resumes accepting.
    this.#in.onShortage(errno);
  }

  #threw(slot: number, error: unknown): void {
    this.#in.onFault('a connection', error);
    if (this.#context.slots.isOpen(slot)) this.#finish(slot, 'internal_error', 'reset');
  }
}

/** Makes the next turn ask the kernel, whatever was seen of it before. */
function markUsable({ sides }: Slots, slot: number): void {
  for (let side = 2 * slot; side <= 2 * slot + 1; side++) sides[side]! |= SIDE.readable | SIDE.writable;
}
