/**
 * Moves bytes between the two sides of a connection, and returns its relay state. Whether the connection goes on is
 * decided elsewhere (connections.ts).
 *
 * Invariants
 *  - a side is read only when the other one accepts bytes. Bytes that can't be passed on stay in the kernel, except for
 *    the rest of one read, which is parked;
 *  - a direction moves about the limit of a turn at most, then it is the next connection's turn;
 *  - a hang-up or an error is a reason to read to the end, never to close;
 *  - the end of a side's input is passed on after its last byte. The last end of both is left to close(), unless a reset
 *    will follow it;
 *  - everything that a side sent before its reset is passed on; bytes towards it are dropped;
 *  - once a reset has been reported, a later end of input belongs to it and is not an orderly close.
 *
 * What Linux does (measured on 6.18): after a reset, earlier bytes can still be read. The error is reported once, by
 * the first of these calls: a send, SO_ERROR, or a read once everything is read. Reads after that return the rest, then
 * 0, as after an orderly end, so the bit `reset` remembers it. When the peer had ended in order before its reset, the
 * error is EPIPE instead.
 */
import { ERRNO, isTransient } from '../../kernel/errno.ts';
import type { Ffi } from '../../kernel/ffi.ts';
import { Parking } from './parking.ts';
import { NO_PIPE, type Pipes } from './pipes.ts';
import { BACKEND, CLIENT, SIDE, type Slots } from './slots.ts';
import { BULK_BYTES, PEEK_BYTES, READ_BYTES, TRICKLE_BYTES } from './sizes.ts';
import { BROKEN, OUTPUT_DONE, RELAY_STATE, type RelayState, relayStateOf } from './relay-state.ts';
import { EAGAIN, EINTR } from '../../kernel/linux.ts';
import type { SideIo } from '../tls/side-io.ts';

// `!` on typed arrays in this file: a slot is within them.
export class Relay {
  /** Bytes that the kernel took from us in the last turn. */
  readonly moved = new Float64Array(2);
  /** Whether the last turn stopped at its limit with more to do. */
  unfinished = false;
  /** Whether a byte was passed on, or an end or a reset was seen, in the last turn. */
  active = false;
  /** The errno when the kernel had no memory for a call of the last turn; else 0. No event reports when it has. */
  memoryErrno = 0;
  readonly #slots: Slots;
  readonly #io: SideIo;
  readonly #parking: Parking;
  readonly #pipes: Pipes | null;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #bufferAt: number;
  readonly #send: (at: number, size: number) => number;
  /** The side that #send sends to. */
  #sendTo = 0;
  /** The limit of this turn, in bytes for each direction. */
  #limit = 0;
  /** Not `open` once a step has found the connection broken. */
  #broken: RelayState = RELAY_STATE.open;

  /** Without pipes everything is copied. */
  constructor(
    slots: Slots,
    io: SideIo,
    ffi: Pick<Ffi, 'address'>,
    pipes: Pipes | null,
    parkingBytes: number,
  ) {
    this.#slots = slots;
    this.#io = io;
    this.#pipes = pipes;
    this.#parking = new Parking(ffi, parkingBytes);
    this.#bufferAt = ffi.address(this.#buffer);
    this.#send = (at, size) => io.send(this.#sendTo, at, size);
  }

  /** Bytes parked for all connections. */
  get parkedBytes(): number {
    return this.#parking.bytes;
  }

  /** Moves what can be moved, both ways, but not much more than the limit. Sets `moved`, `unfinished` and the like. */
  turn(slot: number, limitBytes: number): RelayState {
    this.#limit = limitBytes;
    this.moved[BACKEND] = 0;
    this.moved[CLIENT] = 0;
    this.unfinished = false;
    this.active = false;
    this.memoryErrno = 0;
    this.#broken = RELAY_STATE.open;
    this.#move(2 * slot + CLIENT);
    if (this.#broken === RELAY_STATE.open) this.#move(2 * slot + BACKEND);
    if (this.#broken === RELAY_STATE.open) this.#checkError(2 * slot + CLIENT);
    if (this.#broken === RELAY_STATE.open) this.#checkError(2 * slot + BACKEND);
    return this.#broken === RELAY_STATE.open ? relayStateOf(this.#slots, slot) : this.#broken;
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
      left -= (sides[sink]! & SIDE.parked) === 0 ? this.#pass(source) : this.#unpark(sink);
      if (this.#broken !== RELAY_STATE.open) return;
    }
    if ((sides[source]! & SIDE.inputEnded) !== 0) this.#endOutput(sink);
  }

  #isMovable(source: number): boolean {
    const { sides } = this.#slots;
    const to = sides[source ^ 1]!;
    if ((to & (SIDE.writable | SIDE.outputBroken)) === 0) return false;
    return (to & SIDE.parked) !== 0 || (sides[source]! & (SIDE.readable | SIDE.inputEnded)) === SIDE.readable;
  }

  /** Reads from a side and passes it on. Returns about how many bytes that was. */
  #pass(source: number): number {
    const { sides } = this.#slots;
    const to = sides[source ^ 1]!;
    // A pipe gets neither past an urgent mark nor through TLS.
    const isBulk =
      (to & (SIDE.bulk | SIDE.outputBroken | SIDE.tls)) === SIDE.bulk &&
      (sides[source]! & (SIDE.urgent | SIDE.tls)) === 0;
    if (!isBulk || this.#pipes === null) return this.#copy(source);
    const got = this.#pipes.fill(source ^ 1, this.#slots.descriptors[source]!, this.#limit);
    if (got <= 0) return this.#nothingPiped(source, got);
    if (got < TRICKLE_BYTES) sides[source ^ 1]! &= ~SIDE.bulk;
    this.active = true;
    sides[source ^ 1]! |= SIDE.parked;
    return 0;
  }

  /** splice reports an end or a reset before the bytes behind an urgent mark, so only reads are trusted. */
  #nothingPiped(source: number, got: number): number {
    if (got === -EAGAIN || got === -EINTR || isTransient(-got)) {
      this.#nothingRead(source, got);
      return 0;
    }
    if (got !== 0 && got !== -NO_PIPE) this.#wasReset(source);
    return this.#copy(source);
  }

  /** Reads once, and passes on, parks or drops the bytes. */
  #copy(source: number): number {
    const { sides } = this.#slots;
    const sink = source ^ 1;
    const isDropped = (sides[sink]! & SIDE.outputBroken) !== 0;
    const peeks = !isDropped && ((sides[sink]! & SIDE.congested) !== 0 || !this.#parking.hasRoom);
    const size = peeks ? PEEK_BYTES : READ_BYTES;
    const got = peeks
      ? this.#io.peek(source, this.#bufferAt, size)
      : this.#io.receive(source, this.#bufferAt, size);
    if (got <= 0) {
      this.#nothingRead(source, got);
      return 0;
    }
    const passed = isDropped ? got : this.#passOn(sink, got, peeks);
    // Bytes that were sent but can't be dropped would be sent twice, so the connection is reset instead.
    if (peeks && passed > 0 && this.#io.discard(source, this.#bufferAt, passed) !== passed)
      this.#broken = BROKEN[source & 1]!;
    if (passed === got && this.#isDrained(source, got, size)) sides[source]! &= ~SIDE.readable;
    // Reads stop at an urgent mark, so pipes are not used after one.
    if (got >= BULK_BYTES && (sides[source]! & SIDE.urgent) === 0) sides[sink]! |= SIDE.bulk;
    return passed;
  }

  /** Whether a read of less than `size` was the last one until the next event. */
  #isDrained(source: number, got: number, size: number): boolean {
    const flags = this.#slots.sides[source]!;
    if ((flags & SIDE.tls) !== 0) return this.#io.isDrained;
    return got < size && (flags & (SIDE.ending | SIDE.urgent)) === 0;
  }

  /** A read returned no bytes: it was the end, an error, or nothing for now. */
  #nothingRead(source: number, got: number): void {
    const { sides } = this.#slots;
    if (got === -EINTR) return;
    if (isTransient(-got)) {
      sides[source]! &= ~SIDE.readable;
      this.memoryErrno = -got;
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

  /** Sends what is in the buffer. Returns how much of it is done with: taken, parked, or dropped. */
  #passOn(sink: number, size: number, peeked: boolean): number {
    const { sides } = this.#slots;
    // Dropped bytes do not keep a connection alive.
    this.active = true;
    const taken = this.#io.send(sink, this.#bufferAt, size);
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

  /** Sends what is parked for a side, or in its pipe. Returns how much the kernel took. */
  #unpark(sink: number): number {
    const { sides, descriptors } = this.#slots;
    const isPiped = this.#pipes?.isFilled(sink) ?? false;
    this.#sendTo = sink;
    const taken = isPiped
      ? this.#pipes!.drain(sink, descriptors[sink]!) // `!`: it holds the pipe.
      : this.#parking.offer(sink, this.#send);
    if (taken < 0 && this.#isLost(sink, -taken)) return 0;
    if (!this.#parking.isParked(sink) && !(this.#pipes?.isFilled(sink) ?? false))
      sides[sink]! &= ~SIDE.parked;
    // After a part of a pipe the socket may still have room: only EAGAIN means that it is full.
    else if (!isPiped || taken < 0) sides[sink]! &= ~SIDE.writable;
    const some = Math.max(taken, 0);
    if (some > 0) this.active = true;
    this.moved[sink & 1]! += some;
    return some;
  }

  /** A send failed. True: the bytes are lost; false: they are tried again. */
  #isLost(sink: number, errno: number): boolean {
    if (errno === EAGAIN) return false;
    if (isTransient(errno)) {
      this.memoryErrno = errno;
      return false;
    }
    this.#outputFailed(sink, errno);
    return true;
  }

  /** EPIPE: the peer ended its output in order before its reset. Everything it sent is passed on either way. */
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
    // Nobody is left to pass anything on to. The other side broke first.
    if ((sides[other]! & SIDE.outputBroken) !== 0 && ((sides[side] | sides[other]!) & SIDE.reset) !== 0)
      this.#broken = BROKEN[other & 1]!;
  }

  #drop(side: number): void {
    this.#parking.drop(side);
    this.#pipes?.drop(side);
  }

  #endOutput(sink: number): void {
    const { sides } = this.#slots;
    if ((sides[sink]! & (SIDE.parked | OUTPUT_DONE)) !== 0 || (sides[sink ^ 1]! & SIDE.reset) !== 0) return;
    const isLast = (sides[sink]! & SIDE.inputEnded) !== 0 && (sides[sink ^ 1]! & OUTPUT_DONE) !== 0;
    // When the other side is broken, or may be, a reset follows instead of close(), so the end must be sent first.
    const isReset = (sides[sink ^ 1]! & (SIDE.outputBroken | SIDE.failing)) !== 0;
    const result = this.#io.endOutput(sink, isLast && !isReset);
    // Only of TLS: its end is tried again when there is room. When it fails the peer is gone, and reading reports how.
    if (result === -EAGAIN) sides[sink]! &= ~SIDE.writable;
    else sides[sink]! |= SIDE.outputEnded;
  }

  /** Asks for an error that an event has reported, once the side can't be read further. */
  #checkError(side: number): void {
    const { sides } = this.#slots;
    if ((sides[side]! & SIDE.failing) === 0 || this.#isMovable(side)) return;
    // After we have ended our output, an error no longer shows whether the peer ended before its reset; reading does.
    const isUnread = (sides[side]! & (SIDE.readable | SIDE.inputEnded)) === SIDE.readable;
    if (isUnread && (sides[side]! & SIDE.outputEnded) !== 0) return;
    sides[side]! &= ~SIDE.failing;
    const errno = this.#io.pendingError(side);
    if (errno !== 0) this.#outputFailed(side, errno);
  }
}
