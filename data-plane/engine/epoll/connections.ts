/**
 * The life of each connection of a worker, from accept to close.
 *
 *   connecting ⇄ waiting (for a retry) → relaying → delivering (the last bytes of a broken side) → free
 *
 * Invariants
 *  - the handler is called in the order that ConnectionHandler names; onClosed exactly once, as the last call;
 *  - nothing is read from the client before a backend is connected;
 *  - an exception anywhere in here resets one connection only;
 *  - an event of a connection that is over, also within the same batch, is told by its generation and dropped.
 */
import { hashIpBytes } from '../../../core/model/source-hash.ts';
import type { CloseReason } from '../../memory/close-reasons.ts';
import { errnoName, ERRNO, isShortage } from '../../kernel/errno.ts';
import { Activity } from './idle-timeouts.ts';
import { Attempts } from './attempts.ts';
import { Deliveries } from './deliveries.ts';
import type { Dialer } from './dialer.ts';
import { muteIfNoNews, registerSide, unmuteRead } from './interest.ts';
import type { LoopContext } from './loop-context.ts';
import type { PeerAddress } from '../peer-address.ts';
import { ReadyList } from './ready-list.ts';
import type { Relay } from './relay.ts';
import { turnBytes } from './sizes.ts';
import { BACKEND, CLIENT, SIDE, STATE } from './slots.ts';
import { STANDING, type Standing } from './relay-state.ts';
import { StarvedList } from './memory-retries.ts';
import { EPOLL } from '../../kernel/linux.ts';

const HAS_ENDED = EPOLL.readHangUp | EPOLL.hangUp | EPOLL.error;

export interface ConnectionsInputs {
  readonly context: LoopContext;
  readonly dialer: Dialer;
  readonly relay: Relay;
  readonly peer: PeerAddress | undefined;
  onFault(where: string, error: unknown): void;
  /** Descriptors or memory ran out. */
  onShortage(errno: number): void;
  /** A slot is free again. */
  onReleased(): void;
}

// `!` on typed arrays in this file: a slot is within them.
export class Connections {
  readonly #in: ConnectionsInputs;
  readonly #context: LoopContext;
  readonly #attempts: Attempts;
  readonly #activity: Activity;
  readonly #deliveries: Deliveries;
  readonly #ready: ReadyList;
  readonly #starved: StarvedList;
  /** Of the turns that are run now. */
  #turnBytes = 0;
  readonly #runSlot = (slot: number): void => this.#turn(slot);
  readonly #tryAgain = (slot: number): void => {
    const { sides } = this.#context.slots;
    for (let side = 2 * slot; side <= 2 * slot + 1; side++) sides[side]! |= SIDE.readable | SIDE.writable;
    this.#ready.add(slot);
  };

  constructor(inputs: ConnectionsInputs) {
    const { context } = inputs;
    this.#in = inputs;
    this.#context = context;
    this.#ready = new ReadyList(context.slots.capacity);
    this.#activity = new Activity(context);
    this.#deliveries = new Deliveries(context);
    this.#starved = new StarvedList(context);
    this.#attempts = new Attempts(context, inputs.dialer, {
      established: (slot) => this.#established(slot),
      gaveUp: (slot, reason) => this.#finish(slot, reason, 'reset'),
      ranShort: (slot, errno) => this.#ranShort(slot, errno),
    });
  }

  /** Whether connections have something to do without any event. */
  get isBusy(): boolean {
    return this.#ready.count > 0;
  }

  /** Takes a client over that was accepted just now. There is a slot for it. */
  accepted(fd: number, listener: number): void {
    const { handler, slots, sys } = this.#context;
    const { bytes, start, length } = sys.peerIp;
    const sourceHash = hashIpBytes(bytes, start, length);
    this.#in.peer?.set(bytes, start, length, sys.peerPort);
    const slot = slots.take();
    slots.descriptors[2 * slot + CLIENT] = fd;
    const failure = registerSide(this.#context, 2 * slot + CLIENT);
    try {
      const row = handler.onAccept(slot, listener, sourceHash);
      if (failure < 0) this.#cannotWait(slot, -failure);
      else this.#attempts.start(slot, row, 0);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  /** An event of a side: `generation` says of which connection. */
  onEvent(side: number, generation: number, bits: number): void {
    const { slots } = this.#context;
    const slot = side >> 1;
    const state = slots.states[slot];
    if (slots.generations[slot] !== generation || state === STATE.free) return;
    const isRelayed = state === STATE.relaying || state === STATE.delivering;
    if (isRelayed) muteIfNoNews(this.#context, side, bits);
    let flags = slots.sides[side]!;
    if ((bits & EPOLL.in) !== 0) flags |= SIDE.readable;
    if ((bits & EPOLL.out) !== 0) flags |= SIDE.writable;
    if ((bits & HAS_ENDED) !== 0) flags |= SIDE.readable | SIDE.ending;
    if ((bits & EPOLL.error) !== 0) flags |= SIDE.failing;
    if ((bits & EPOLL.urgent) !== 0) flags |= SIDE.readable | SIDE.urgent;
    slots.sides[side] = flags;
    if (isRelayed) this.#ready.add(slot);
    else this.#eventBefore(slot, side);
  }

  /** Gives each connection that something happened to its turn. */
  run(): void {
    if (this.#ready.count === 0) return;
    this.#turnBytes = turnBytes(this.#ready.count);
    this.#ready.run(this.#runSlot);
  }

  /** A deadline of a connection has passed. */
  onDeadline(slot: number): void {
    if (slot === this.#starved.deadlineId) return this.#starved.onDeadline(this.#tryAgain);
    try {
      const state = this.#context.slots.states[slot];
      if (state === STATE.connecting || state === STATE.waiting) this.#attempts.onDeadline(slot);
      else if (state === STATE.relaying) this.#finishIf(slot, this.#activity.check(slot));
      else if (state === STATE.delivering) this.#finishIf(slot, this.#deliveries.check(slot));
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  /** See Engine.reconsider. */
  reconsider(slot: number): void {
    const { slots } = this.#context;
    const state = slots.isOpen(slot) ? slots.states[slot] : STATE.free;
    if (state === STATE.connecting || state === STATE.waiting) this.#attemptFailed(slot, ERRNO.canceled);
  }

  reset(slot: number, reason: CloseReason): void {
    if (this.#context.slots.isOpen(slot)) this.#finish(slot, reason, 'reset');
  }

  resetAll(reason: CloseReason): void {
    for (let slot = 0; slot < this.#context.slots.touched; slot++) this.reset(slot, reason);
  }

  /** An event of a connection that has no backend yet. */
  #eventBefore(slot: number, side: number): void {
    const { slots, sys } = this.#context;
    const flags = slots.sides[side]!;
    const errno = (flags & SIDE.failing) === 0 ? 0 : sys.pendingError(slots.descriptors[side]!);
    slots.sides[side] = flags & ~SIDE.failing;
    if ((side & 1) === BACKEND) {
      if (errno !== 0) this.#attemptFailed(slot, errno);
      else if ((flags & SIDE.writable) !== 0) this.#establishedSafely(slot);
    } else if (errno === ERRNO.pipe) {
      // It had ended in order before it was reset: what it said is for the backend still.
      slots.sides[side] |= SIDE.outputBroken;
    } else if (errno !== 0) {
      this.#finish(slot, 'client_reset', 'reset');
    }
  }

  #attemptFailed(slot: number, errno: number): void {
    try {
      this.#attempts.failed(slot, errno);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  #establishedSafely(slot: number): void {
    try {
      this.#established(slot);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  #established(slot: number): void {
    const { handler, slots } = this.#context;
    slots.states[slot] = STATE.relaying;
    handler.onEstablished(slot);
    this.#activity.begin(slot);
    this.#ready.add(slot);
  }

  #turn(slot: number): void {
    const { handler, slots } = this.#context;
    const state = slots.states[slot];
    if (state !== STATE.relaying && state !== STATE.delivering) return;
    const { relay } = this.#in;
    try {
      const standing = relay.turn(slot, this.#turnBytes);
      const toBackend = relay.moved[BACKEND]!;
      const toClient = relay.moved[CLIENT]!;
      if (toBackend !== 0 || toClient !== 0) handler.onBytes(slot, toBackend, toClient);
      if (relay.unfinished) this.#ready.add(slot);
      unmuteRead(this.#context, slot);
      if (relay.active && state === STATE.relaying) this.#activity.seen(slot);
      const isGivenUp = !this.#starved.turned(slot, relay.starved !== 0);
      if (standing !== STANDING.open) this.#standing(slot, standing);
      else if (isGivenUp) throw new Error(`${errnoName(relay.starved)} for too long`);
      else if (relay.starved !== 0) this.#in.onShortage(relay.starved);
    } catch (error) {
      this.#threw(slot, error);
    }
  }

  #standing(slot: number, standing: Standing): void {
    if (standing === STANDING.completed) this.#finish(slot, 'completed', 'close');
    else if (standing === STANDING.clientBroken) this.#finish(slot, 'client_reset', 'reset');
    else if (standing === STANDING.backendBroken) this.#finish(slot, 'backend_reset', 'reset');
    else if (this.#context.slots.states[slot] === STATE.relaying) {
      this.#context.slots.states[slot] = STATE.delivering;
      this.#deliveries.begin(slot, standing === STANDING.deliverToBackend ? BACKEND : CLIENT);
      this.#finishIf(slot, this.#deliveries.check(slot));
    }
  }

  #finishIf(slot: number, reason: CloseReason | null): void {
    if (reason !== null) this.#finish(slot, reason, 'reset');
  }

  #finish(slot: number, reason: CloseReason, how: 'close' | 'reset'): void {
    const { deadlines, handler, slots, sys } = this.#context;
    deadlines.cancel(slot);
    this.#deliveries.forget(slot);
    this.#starved.forget(slot);
    this.#in.relay.forget(slot);
    for (let side = 2 * slot; side <= 2 * slot + 1; side++) {
      const fd = slots.descriptors[side]!;
      if (fd === 0) continue;
      slots.descriptors[side] = 0;
      if (how === 'close') sys.close(fd);
      else sys.reset(fd);
    }
    // Whatever the handler does now, this slot is not open any more; it is taken again after release() only.
    slots.states[slot] = STATE.free;
    try {
      handler.onClosed(slot, reason);
    } catch (error) {
      this.#in.onFault('closing a connection', error);
    }
    slots.release(slot);
    this.#in.onReleased();
  }

  #cannotWait(slot: number, errno: number): void {
    if (!isShortage(errno)) throw new Error(`a client's socket cannot be waited for: ${errnoName(errno)}`);
    this.#ranShort(slot, errno);
  }

  /** Ours alone to answer for: new clients wait, and this one is reset. */
  #ranShort(slot: number, errno: number): void {
    this.#finish(slot, 'internal_error', 'reset');
    // After the release, which lets accepting go on.
    this.#in.onShortage(errno);
  }

  #threw(slot: number, error: unknown): void {
    this.#in.onFault('a connection', error);
    if (this.#context.slots.isOpen(slot)) this.#finish(slot, 'internal_error', 'reset');
  }
}
