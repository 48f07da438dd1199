/**
 * The connections of one worker in typed arrays: a connection is a number, its slot, and no object. A slot has two sides,
 * the client's and the backend's, numbered `2 * slot + CLIENT` and `2 * slot + BACKEND`.
 *
 * Invariants
 *  - the arrays start with zeros and never grow: memory that no connection has touched costs nothing;
 *  - a slot's generation grows when it is freed, which tells events of its last connection from those of the next;
 *  - the slot that was freed last is used first, so that few connections touch little memory.
 */
export const CLIENT = 0;
export const BACKEND = 1;
export type SideOfSlot = typeof CLIENT | typeof BACKEND;

export const STATE = {
  free: 0,
  connecting: 1,
  waiting: 2,
  relaying: 3,
  delivering: 4,
  /** Terminating TLS with the client. */
  terminating: 5,
  reading: 6,
  asking: 7,
  /** Starting TLS to the backend. */
  securing: 8,
} as const;

/** Flags of one side. They are sticky: an edge sets them, and only what the comment names clears them. */
export const SIDE = {
  /** There may be something to read. Cleared by EAGAIN, a short read, or the end. */
  readable: 1 << 0,
  /** It may accept bytes. Cleared by EAGAIN and by a send that was not taken whole. */
  writable: 1 << 1,
  /** A FIN or a reset has arrived, so a short read is not the last one. Never cleared. */
  ending: 1 << 2,
  /** The kernel reported an error that has not been read yet. */
  failing: 1 << 3,
  /** Urgent data has arrived once: reads stop at its mark, so only EAGAIN means that nothing is left. Never cleared. */
  urgent: 1 << 4,
  /** It ended its output, in order unless it was `reset`, and all of that has been read. */
  inputEnded: 1 << 5,
  /** All bytes towards it and the end after them are in the kernel; the last end of both is left to close(). */
  outputEnded: 1 << 6,
  /** It reads nothing any more, so bytes towards it are dropped. */
  outputBroken: 1 << 7,
  /** The last send to it was not taken whole. Until one is, the relay peeks, sends, and drops what was taken. */
  congested: 1 << 8,
  /** Bytes for it are parked or in a pipe. */
  parked: 1 << 9,
  /** Much came for it at once: use a pipe if one is available. Cleared when little comes. */
  bulk: 1 << 12,
  /** Of a backend: keep-alive is set. Never cleared. */
  keptAlive: 1 << 11,
  /** It was reset or lost before it ended its output in order: a later end of input is not an end. Never cleared. */
  reset: 1 << 13,
  /** Its input makes no events. Cleared once it is no longer readable: see interest.ts. */
  muted: 1 << 14,
  /** Its bytes go through TLS: see tls/side-io.ts. */
  tls: 1 << 15,
} as const;

/** Returned by Slots.take. */
const NO_SLOT = -1;

export class Slots {
  readonly capacity: number;
  /** Two for each slot; 0: none. In shared memory, so that the main thread can reset those of a dead thread. */
  readonly descriptors: Int32Array;
  readonly states: Uint8Array;
  /** Two for each slot: bits of SIDE. */
  readonly sides: Uint16Array;
  /** Two for each slot: where OpenSSL has its connection, of a side that has TLS. */
  readonly tls: Float64Array;
  /** At least 0; grows, and wraps to 0. */
  readonly generations: Int32Array;
  /** The row of the backend that it connects to, or is connected to; WAIT while there is none. */
  readonly rows: Int32Array;
  /** The listener that its client came to. */
  readonly listeners: Uint16Array;
  /** The port that its client asked for. */
  readonly ports: Uint16Array;
  /** When bytes last moved, or a side last ended, in milliseconds. */
  readonly activeMs: Float64Array;
  /** When the lifetime of a connection ends that has one, in milliseconds. */
  readonly endMs: Float64Array;
  #open = 0;
  /** Slots from this one on were never used. */
  #untouched = 0;
  readonly #free: Int32Array;
  #freeCount = 0;

  /** `descriptors` holds zeros, two for each slot. */
  constructor(descriptors: Int32Array) {
    const capacity = descriptors.length >> 1;
    this.capacity = capacity;
    this.descriptors = descriptors;
    this.states = new Uint8Array(capacity);
    this.sides = new Uint16Array(capacity * 2);
    this.tls = new Float64Array(capacity * 2);
    this.generations = new Int32Array(capacity);
    this.rows = new Int32Array(capacity);
    this.listeners = new Uint16Array(capacity);
    this.ports = new Uint16Array(capacity);
    this.activeMs = new Float64Array(capacity);
    this.endMs = new Float64Array(capacity);
    this.#free = new Int32Array(capacity);
  }

  /** Slots in use. */
  get open(): number {
    return this.#open;
  }

  /** Every slot in use is below this. */
  get touched(): number {
    return this.#untouched;
  }

  get hasRoom(): boolean {
    return this.#freeCount > 0 || this.#untouched < this.capacity;
  }

  /** Takes a free slot, whose state is then `connecting`, or returns NO_SLOT. */
  take(): number {
    let slot = NO_SLOT;
    // `!`: below the count of free ones.
    if (this.#freeCount > 0) slot = this.#free[--this.#freeCount]!;
    else if (this.#untouched < this.capacity) slot = this.#untouched++;
    if (slot === NO_SLOT) return slot;
    this.#open += 1;
    this.states[slot] = STATE.connecting;
    this.sides[2 * slot + CLIENT] = 0;
    this.sides[2 * slot + BACKEND] = 0;
    return slot;
  }

  /** Frees a slot whose descriptors are closed already. */
  release(slot: number): void {
    this.#open -= 1;
    this.states[slot] = STATE.free;
    this.generations[slot] = (this.generations[slot]! + 1) & 0x7fff_ffff; // `!`: a slot is within the arrays.
    this.#free[this.#freeCount++] = slot;
  }

  isOpen(slot: number): boolean {
    return slot >= 0 && slot < this.#untouched && this.states[slot] !== STATE.free;
  }
}
