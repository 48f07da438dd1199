/**
 * A ring of records of fixed size in shared memory: a worker tells the main thread about each connection that ended.
 *
 * Invariants
 *  - one thread pushes and one takes; each writes its own count only, and reads the other's atomically;
 *  - a record is published whole, by the count that is stored after it, and overwritten only when it was taken;
 *  - no thread waits: a record that finds the ring full is dropped and counted;
 *  - it outlives the worker: its replacement continues where it ended, numbers of connections included.
 */

/** The fields of a record, all of them numbers. The main thread knows the names of rows. */
export const LOG_FIELDS = [
  /** Numbers the connections of this worker that have a record. */
  'id',
  /** Milliseconds since 1970. */
  'acceptedMs',
  'listener',
  /** Row of the pool, or -1. */
  'pool',
  /** Row of the backend that it had, or that was tried last; or -1. */
  'backend',
  'generation',
  /** Connects that were started. */
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
  /** 4 or 6; 0: unknown. */
  'family',
  'port',
  /** The bytes of the client's IP address, four per word, in this machine's order. */
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
const LEFT_OUT = 2;
const TOTALS = 3;

export const FIELD = Object.fromEntries(LOG_FIELDS.map((field, index) => [field, index])) as Readonly<
  Record<LogField, number>
>;

export function createLogRing(records = RECORDS): SharedArrayBuffer {
  return new SharedArrayBuffer(8 + TOTALS * 8 + records * WIDTH * 8);
}

export class LogRing {
  /** A record starts at the index that `begin` returned, or that `take` passes to its callback. */
  readonly cells: Float64Array;
  /** Records pushed and taken since the start; both wrap around. */
  readonly #counts: Int32Array;
  /** The pusher's own. */
  readonly #totals: Float64Array;
  readonly #records: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#counts = new Int32Array(buffer, 0, 2);
    this.#totals = new Float64Array(buffer, 8, TOTALS);
    this.cells = new Float64Array(buffer, 8 + TOTALS * 8);
    this.#records = this.cells.length / WIDTH;
  }

  /** A number for the next connection. */
  nextId(): number {
    this.#totals[NEXT_ID]! += 1; // `!`: there are three.
    return this.#totals[NEXT_ID]!;
  }

  /** Index to write the next record at; -1: there is no room, and the record counts as dropped. */
  begin(): number {
    const pushed = Atomics.load(this.#counts, PUSHED);
    if (((pushed - Atomics.load(this.#counts, TAKEN)) | 0) >= this.#records) {
      this.#totals[DROPPED]! += 1; // `!`: there are three.
      return -1;
    }
    return (pushed & (this.#records - 1)) * WIDTH;
  }

  /** Counts a connection whose record is left out because there are too many like it. */
  leaveOut(): void {
    this.#totals[LEFT_OUT]! += 1; // `!`: there are three.
  }

  /** Publishes the record that was begun. */
  commit(): void {
    Atomics.store(this.#counts, PUSHED, (Atomics.load(this.#counts, PUSHED) + 1) | 0);
  }

  /** Passes at most `most` records to `each`, oldest first. Returns how many it passed. */
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

  get leftOut(): number {
    return this.#totals[LEFT_OUT] ?? 0;
  }
}
