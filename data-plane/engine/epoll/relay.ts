/**
 * Moves bytes between the two sides of a connection, and says how it stands: decides nothing of its life.
 *
 * Invariants
 *  - a side is read only when the other takes bytes: what can't be passed on stays in the kernel, but for the rest of
 *    one read, which is parked;
 *  - at most about the limit of a turn a direction, then the next connection has its turn;
 *  - a hang-up or an error is a reason to read to the end, never to close;
 *  - the end of a side's input is passed on after its last byte. When both have ended, closing does it, unless a reset
 *    is to come after it;
 *  - a side that is reset has all passed on that it said before; what is towards it is dropped;
 *  - an end that is read after a reset was told is none.
 *
 * What Linux does (measured on 6.18): a reset leaves what came before it readable. The error is told once, by whichever
 * call comes first: a send, SO_ERROR, or a read once all is read. Reads after that bring the rest, then 0, as after an
 * end; so the bit `reset` remembers it. A peer that had ended in order before its reset is told by EPIPE instead.
 */
import { ERRNO, isTransient } from '../../kernel/errno.ts';
import type { Ffi } from '../../kernel/ffi.ts';
import { Parking } from './parking.ts';
import { NO_PIPE, type Pipes } from './pipes.ts';
import { BACKEND, CLIENT, SIDE, type Slots } from './slots.ts';
import { BULK_BYTES, PARKING_BYTES, PEEK_BYTES, READ_BYTES, TRICKLE_BYTES } from './sizes.ts';
import { BROKEN, OUTPUT_DONE, STANDING, type Standing, standingOf } from './relay-state.ts';
import { EAGAIN, EINTR } from '../../kernel/linux.ts';
import type { Kernel } from '../../kernel/loop-calls.ts';

// `!` on typed arrays in this file: a slot is within them.
export class Relay {
  /** Of the last turn: bytes that the kernel took from us. */
  readonly moved = new Float64Array(2);
  /** Whether the last turn stopped at its limit with more to do. */
  unfinished = false;
  /** Whether a byte was passed on, or an end or a reset was seen, in the last turn. */
  active = false;
  /** The errno when the kernel had no memory for a call of the last turn; else 0. No event tells when it has. */
  starved = 0;
  readonly #slots: Slots;
  readonly #sys: Kernel;
  readonly #parking: Parking;
  readonly #pipes: Pipes | null;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #bufferAt: number;
  readonly #send: (at: number, size: number) => number;
  /** The descriptor that #send sends to. */
  #sendTo = 0;
  /** Of this turn, bytes a direction. */
  #limit = 0;
  /** What a step found out: the connection is broken. */
  #broken: Standing = STANDING.open;

  /** Without pipes everything is copied. */
  constructor(
    slots: Slots,
    sys: Kernel,
    ffi: Pick<Ffi, 'address'>,
    pipes: Pipes | null,
    parkingBytes = PARKING_BYTES,
  ) {
    this.#slots = slots;
    this.#sys = sys;
    this.#pipes = pipes;
    this.#parking = new Parking(ffi, parkingBytes);
    this.#bufferAt = ffi.address(this.#buffer);
    this.#send = (at, size) => sys.send(this.#sendTo, at, size);
  }

  /** Bytes parked for all connections. */
  get parkedBytes(): number {
    return this.#parking.bytes;
  }

  /** Moves what can be moved, both ways, but not much more than the limit. `moved` and `unfinished` tell of it. */
  turn(slot: number, limitBytes: number): Standing {
    this.#limit = limitBytes;
    this.moved[BACKEND] = 0;
    this.moved[CLIENT] = 0;
    this.unfinished = false;
    this.active = false;
    this.starved = 0;
    this.#broken = STANDING.open;
    this.#move(2 * slot + CLIENT);
    if (this.#broken === STANDING.open) this.#move(2 * slot + BACKEND);
    if (this.#broken === STANDING.open) this.#look(2 * slot + CLIENT);
    if (this.#broken === STANDING.open) this.#look(2 * slot + BACKEND);
    return this.#broken === STANDING.open ? standingOf(this.#slots, slot) : this.#broken;
  }

  /** The connection is over. */
  forget(slot: number): void {
    this.#drop(2 * slot + CLIENT);
    this.#drop(2 * slot + BACKEND);
  }

  /** From a side to the other one of its slot. */
  #move(source: number): void {
    const { sides } = this.#slots;
    const sink = source ^ 1;
    let left = this.#limit;
    while (this.#isMovable(source)) {
      if (left <= 0) {
        this.unfinished = true;
        return;
      }
      left -= (sides[sink]! & SIDE.parked) === 0 ? this.#bring(source) : this.#unpark(sink);
      if (this.#broken !== STANDING.open) return;
    }
    if ((sides[source]! & SIDE.inputEnded) !== 0) this.#endOutput(sink);
  }

  #isMovable(source: number): boolean {
    const { sides } = this.#slots;
    const to = sides[source ^ 1]!;
    if ((to & (SIDE.writable | SIDE.outputBroken)) === 0) return false;
    return (to & SIDE.parked) !== 0 || (sides[source]! & (SIDE.readable | SIDE.inputEnded)) === SIDE.readable;
  }

  /** Brings what a side has to the other one. Returns about how many bytes that was. */
  #bring(source: number): number {
    const { sides } = this.#slots;
    const to = sides[source ^ 1]!;
    // Nothing gets past an urgent mark through a pipe.
    const isBulk =
      (to & (SIDE.bulk | SIDE.outputBroken)) === SIDE.bulk && (sides[source]! & SIDE.urgent) === 0;
    if (!isBulk || this.#pipes === null) return this.#copy(source);
    const got = this.#pipes.fill(source ^ 1, this.#slots.descriptors[source]!, this.#limit);
    if (got <= 0) return this.#nothingPiped(source, got);
    if (got < TRICKLE_BYTES) sides[source ^ 1]! &= ~SIDE.bulk;
    this.active = true;
    sides[source ^ 1]! |= SIDE.parked;
    return 0;
  }

  /** A pipe is told of an end or a reset before it gets what stands behind an urgent mark: only reads are believed. */
  #nothingPiped(source: number, got: number): number {
    if (got === -EAGAIN || got === -EINTR || isTransient(-got)) {
      this.#nothingRead(source, got);
      return 0;
    }
    if (got !== 0 && got !== -NO_PIPE) this.#wasReset(source);
    return this.#copy(source);
  }

  /** One read, and what becomes of it. */
  #copy(source: number): number {
    const { sides, descriptors } = this.#slots;
    const sink = source ^ 1;
    const isDropped = (sides[sink]! & SIDE.outputBroken) !== 0;
    const peeks = !isDropped && ((sides[sink]! & SIDE.congested) !== 0 || !this.#parking.hasRoom(READ_BYTES));
    const size = peeks ? PEEK_BYTES : READ_BYTES;
    const from = descriptors[source]!;
    const got = peeks ? this.#peek(from, size) : this.#sys.receive(from, this.#bufferAt, size);
    if (got <= 0) {
      this.#nothingRead(source, got);
      return 0;
    }
    const passed = isDropped ? got : this.#passOn(sink, got, peeks);
    if (peeks && passed > 0) this.#discard(source, from, passed);
    const mayHoldMore = (sides[source]! & (SIDE.ending | SIDE.urgent)) !== 0;
    if (passed === got && got < size && !mayHoldMore) sides[source]! &= ~SIDE.readable;
    // Reads stop at an urgent mark, and pipes know of none.
    if (got >= BULK_BYTES && (sides[source]! & SIDE.urgent) === 0) sides[sink]! |= SIDE.bulk;
    return passed;
  }

  /** It goes past an urgent byte and leaves it, and close() makes a reset of what was not read: so an end is read. */
  #peek(from: number, size: number): number {
    const got = this.#sys.peek(from, this.#bufferAt, size);
    return got === 0 ? this.#sys.receive(from, this.#bufferAt, 1) : got;
  }

  /** What was sent and can't be dropped would be sent again: rather a reset than bytes twice. */
  #discard(source: number, from: number, size: number): void {
    if (this.#sys.discard(from, size) !== size) this.#broken = BROKEN[source & 1]!;
  }

  /** No bytes: the end, an error, or nothing just now. */
  #nothingRead(source: number, got: number): void {
    const { sides } = this.#slots;
    if (got === -EINTR) return;
    if (isTransient(-got)) {
      sides[source]! &= ~SIDE.readable;
      this.starved = -got;
      return;
    }
    const isEnd = got === 0 || (sides[source]! & SIDE.reset) !== 0;
    if (!isEnd && got === -EAGAIN) {
      sides[source]! &= ~SIDE.readable;
      return;
    }
    if (!isEnd) this.#wasReset(source);
    sides[source]! |= SIDE.inputEnded;
    this.active = true;
  }

  /** Sends what stands in the buffer. Returns how much of it is off our hands: taken, parked, or dropped. */
  #passOn(sink: number, size: number, peeked: boolean): number {
    const { sides, descriptors } = this.#slots;
    // What is dropped keeps no connection alive.
    this.active = true;
    const taken = this.#sys.send(descriptors[sink]!, this.#bufferAt, size);
    if (taken === size) {
      sides[sink]! &= ~SIDE.congested;
      this.moved[sink & 1]! += size;
      return size;
    }
    if (taken < 0 && this.#isLost(sink, -taken)) return size;
    const some = Math.max(taken, 0);
    this.moved[sink & 1]! += some;
    sides[sink] = (sides[sink]! & ~SIDE.writable) | SIDE.congested;
    if (peeked) return some;
    this.#parking.park(sink, this.#buffer.subarray(some, size));
    sides[sink] |= SIDE.parked;
    return size;
  }

  /** Sends what is parked for a side, or in its pipe. Returns how much was taken. */
  #unpark(sink: number): number {
    const { sides, descriptors } = this.#slots;
    const isPiped = this.#pipes?.isFilled(sink) ?? false;
    this.#sendTo = descriptors[sink]!;
    const taken = isPiped
      ? this.#pipes!.drain(sink, this.#sendTo) // `!`: it holds the pipe.
      : this.#parking.offer(sink, this.#send);
    if (taken < 0 && this.#isLost(sink, -taken)) return 0;
    if (!this.#parking.isParked(sink) && !(this.#pipes?.isFilled(sink) ?? false))
      sides[sink]! &= ~SIDE.parked;
    // What a pipe did not bring to the socket at once may still go: EAGAIN alone says that it is full.
    else if (!isPiped || taken < 0) sides[sink]! &= ~SIDE.writable;
    const some = Math.max(taken, 0);
    if (some > 0) this.active = true;
    this.moved[sink & 1]! += some;
    return some;
  }

  /** A send failed: whether what was to be sent is lost. Else it is tried again. */
  #isLost(sink: number, errno: number): boolean {
    if (errno === EAGAIN) return false;
    if (isTransient(errno)) {
      this.starved = errno;
      return false;
    }
    this.#outputFailed(sink, errno);
    return true;
  }

  /** EPIPE: the peer ended its output in order before it was reset. All it said is passed on either way. */
  #outputFailed(side: number, errno: number): void {
    const isInOrder = errno === ERRNO.pipe || (this.#slots.sides[side]! & SIDE.inputEnded) !== 0;
    if (isInOrder) this.#breakOutput(side);
    else this.#wasReset(side);
    this.active = true;
    this.unfinished = true;
  }

  #wasReset(side: number): void {
    this.#slots.sides[side]! |= SIDE.reset | SIDE.readable | SIDE.ending;
    this.#breakOutput(side);
  }

  #breakOutput(side: number): void {
    const { sides } = this.#slots;
    this.#drop(side);
    sides[side] = (sides[side]! & ~SIDE.parked) | SIDE.outputBroken;
    const other = side ^ 1;
    // Nobody is left to pass anything on to. The other one was first.
    if ((sides[other]! & SIDE.outputBroken) !== 0 && ((sides[side] | sides[other]!) & SIDE.reset) !== 0)
      this.#broken = BROKEN[other & 1]!;
  }

  #drop(side: number): void {
    this.#parking.drop(side);
    this.#pipes?.drop(side);
  }

  #endOutput(sink: number): void {
    const { sides, descriptors } = this.#slots;
    if ((sides[sink]! & (SIDE.parked | OUTPUT_DONE)) !== 0 || (sides[sink ^ 1]! & SIDE.reset) !== 0) return;
    sides[sink]! |= SIDE.outputEnded;
    const isLast = (sides[sink]! & SIDE.inputEnded) !== 0 && (sides[sink ^ 1]! & OUTPUT_DONE) !== 0;
    // A side that breaks after its end, or is about to, is followed by a reset of this one, which would tell of no end.
    const isReset = (sides[sink ^ 1]! & (SIDE.outputBroken | SIDE.failing)) !== 0;
    // The last end of all is left to close(). When it fails the peer is gone: reading says how.
    if (!isLast || isReset) this.#sys.endOutput(descriptors[sink]!);
  }

  /** Asks for an error that an event told of, once the side can't be read on. */
  #look(side: number): void {
    const { sides, descriptors } = this.#slots;
    if ((sides[side]! & SIDE.failing) === 0 || this.#isMovable(side)) return;
    // Once both ends are sent, errors tell no more whether its own came before the reset: reading to the end does.
    const isUnread = (sides[side]! & (SIDE.readable | SIDE.inputEnded)) === SIDE.readable;
    if (isUnread && (sides[side]! & SIDE.outputEnded) !== 0) return;
    sides[side]! &= ~SIDE.failing;
    const errno = this.#sys.pendingError(descriptors[side]!);
    if (errno !== 0) this.#outputFailed(side, errno);
  }
}
