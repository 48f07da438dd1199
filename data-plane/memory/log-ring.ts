/**
 * A ring of records of fixed size in shared memory: a worker tells the main thread of each connection that ended.
 *
 * Invariants
 *  - one thread pushes and one takes; each writes its own count only, and reads the other's atomically;
 *  - a record is published whole, by the count that is stored after it, and overwritten only when it was taken;
 *  - nobody waits: what finds the ring full is dropped and counted;
 *  - it outlives the worker: its replacement goes on where it ended, and connections are numbered on.
 */

/** What a record says; every field is a number. Rows have names again on the main thread. */
export const LOG_FIELDS = [
  /** Counts the connections of this worker that have a record. */
  'id',
  /** Milliseconds since 1970. */
  'acceptedMs',
  'listener',
  /** Row of the pool, or -1. */
  'pool',
  /** Row of the backend that it had or that was tried last, or -1. */
  'backend',
  'generation',
  /** Connects that were begun. */
  'attempts',
  /** -1: it was not connected. */
  'connectMs',
  /** -1: the client got no byte. */
  'firstByteMs',
  'durationMs',
  'bytesFromClient',
  'bytesToClient',
  /** Index in CLOSE_REASONS. */
  'reason',
  /** 4, 6, or 0: it is not known. */
  'family',
  'port',
  /** The bytes of the client's IP address, four a word, as this machine holds them. */
  'ip0',
  'ip1',
  'ip2',
  'ip3',
] as const;
export type LogField = (typeof LOG_FIELDS)[number];

const WIDTH = LOG_FIELDS.length;
/** A power of two: a third of a second of 25,000 connections a second. */
const RECORDS = 8_192;
const PUSHED = 0;
const TAKEN = 1;
const NEXT_ID = 0;
const DROPPED = 1;

export const FIELD = Object.fromEntries(LOG_FIELDS.map((field, index) => [field, index])) as Readonly<
  Record<LogField, number>
>;

export function createLogRing(records = RECORDS): SharedArrayBuffer {
  return new SharedArrayBuffer(8 + 16 + records * WIDTH * 8);
}

export class LogRing {
  /** A record lies in it from the place that `begin` returned, or that `take` was given. */
  readonly cells: Float64Array;
  /** Records pushed and taken since the start; they wrap around. */
  readonly #counts: Int32Array;
  /** The pusher's own. */
  readonly #totals: Float64Array;
  readonly #records: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#counts = new Int32Array(buffer, 0, 2);
    this.#totals = new Float64Array(buffer, 8, 2);
    this.cells = new Float64Array(buffer, 24);
    this.#records = this.cells.length / WIDTH;
  }

  /** A number for the next connection. */
  nextId(): number {
    this.#totals[NEXT_ID]! += 1; // `!`: there are two.
    return this.#totals[NEXT_ID]!;
  }

  /** Where to write the next record, or -1: there is no room, and it counts as dropped. */
  begin(): number {
    const pushed = Atomics.load(this.#counts, PUSHED);
    if (((pushed - Atomics.load(this.#counts, TAKEN)) | 0) >= this.#records) {
      this.#totals[DROPPED]! += 1; // `!`: there are two.
      return -1;
    }
    return (pushed & (this.#records - 1)) * WIDTH;
  }

  /** The record that was begun is written. */
  commit(): void {
    Atomics.store(this.#counts, PUSHED, (Atomics.load(this.#counts, PUSHED) + 1) | 0);
  }

  /** Hands over at most so many records, oldest first. Returns how many there were. */
  take(most: number, each: (cells: Float64Array, at: number) => void): number {
    const taken = Atomics.load(this.#counts, TAKEN);
    const waiting = (Atomics.load(this.#counts, PUSHED) - taken) | 0;
    const count = Math.min(waiting, most);
    for (let index = 0; index < count; index += 1) {
      each(this.cells, ((taken + index) & (this.#records - 1)) * WIDTH);
    }
    if (count > 0) Atomics.store(this.#counts, TAKEN, (taken + count) | 0);
    return count;
  }

  get dropped(): number {
    return this.#totals[DROPPED] ?? 0;
  }
}
