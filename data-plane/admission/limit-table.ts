/**
 * How many connections of a listener and of each source are open, and when the next one is due: one table in shared
 * memory for all workers and all listeners of a proxy.
 *
 * An entry belongs to one source of one listener, or to a listener as a whole. The entries of sources stand in buckets; a
 * source can only be in the one bucket that its hash says. A word of the bucket has a bit for each valid entry.
 *
 * Invariants
 *  - counts are exact over all workers: the count of an entry changes by compareExchange alone, with a version that grows
 *    when the entry gets another source, so that a worker that comes late changes nothing;
 *  - a source has one valid entry at most: an entry becomes valid by a compareExchange of the bucket's word as it was when
 *    the source was not found. So no worker waits for another; one that comes second begins anew;
 *  - an entry with open connections is never given to another source. Without them, the one goes first that was not asked
 *    for the longest; a bucket whose entries all have open connections has no room;
 *  - probing is bounded by the size of a bucket, retries by MAX_TRIES, and nothing is allocated.
 *
 * A worker that dies gives back what it holds (lost-worker.ts). If it dies between two of the lines below, an entry is lost.
 */
import type { PeerAddress } from '../engine/peer-address.ts';
import {
  CONTROL,
  MAX_SOURCES,
  SOURCE_KEY_WORDS,
  SOURCE_WAYS,
  type SharedCells,
  WORKER_COUNTERS,
  type WorkerCells,
} from '../memory/shared-memory.ts';

/** There are as many open connections as allowed. */
export const FULL = -1;
/** There is no entry for the source: it has no limits of its own. */
export const UNTRACKED = -2;
const AGAIN = -3;

/** Each repetition means that another worker got further in the same bucket. */
const MAX_TRIES = 1_000;
/** `limitOpen`: the open connections in the low bits, then a version; negative while an entry is given to another source. */
const OPEN = 0x1f_ffff;
const NEXT_VERSION = OPEN + 1;
const RESERVED = 0x8000_0000 | 0;
/** A source whose entry was not asked for so long has its burst of one second again: nothing is forgotten with it. */
const BURST_MS = 1_000;
const ALL_WAYS = 2 ** SOURCE_WAYS - 1;
const NEXT_WORD = ALL_WAYS + 1;
const FORGOTTEN = WORKER_COUNTERS.indexOf('sourcesForgotten');
const UNTRACKED_COUNT = WORKER_COUNTERS.indexOf('sourcesUntracked');

/** The entry of a listener as a whole. */
export function entryOfListener(row: number): number {
  return MAX_SOURCES + row;
}

export type LimitCells = Pick<
  SharedCells,
  'control' | 'limitOpen' | 'limitDue' | 'limitSeenMs' | 'sourceKeys' | 'sourceBuckets'
>;

// `!` in this file: entries, ways and words lie within the cells.
export class LimitTable {
  readonly #shared: LimitCells;
  readonly #own: Pick<WorkerCells, 'limitOpen' | 'worker'>;
  /** The source that is looked for. */
  readonly #key = new Int32Array(SOURCE_KEY_WORDS);
  #bucket = 0;
  /** What `limitOpen` of the entry was that #find has found. */
  #found = 0;

  constructor(shared: LimitCells, own: Pick<WorkerCells, 'limitOpen' | 'worker'>) {
    this.#shared = shared;
    this.#own = own;
  }

  /** Counts one more connection of a source. Returns its entry, FULL where `most` are open, or UNTRACKED. */
  holdSource(listener: number, client: PeerAddress, most: number, nowMs: number): number {
    this.#lookFor(listener, client);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const word = Atomics.load(this.#shared.sourceBuckets, this.#bucket);
      const entry = this.#find(word);
      const result = entry === -1 ? this.#claim(word, nowMs) : this.#holdFound(entry, word, most);
      if (result === AGAIN) continue;
      if (result >= 0) this.#shared.limitSeenMs[result] = nowMs | 0;
      else if (entry !== -1) this.#shared.limitSeenMs[entry] = nowMs | 0;
      return result;
    }
    return FULL;
  }

  /** Counts one more connection of a listener, or returns false where `most` are open. */
  holdListener(listener: number, most: number): boolean {
    const { limitOpen } = this.#shared;
    const entry = entryOfListener(listener);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const open = Atomics.load(limitOpen, entry);
      if (open >= Math.min(most, OPEN)) return false;
      if (Atomics.compareExchange(limitOpen, entry, open, open + 1) !== open) continue;
      this.#own.limitOpen[entry]! += 1;
      return true;
    }
    return false;
  }

  release(entry: number): void {
    this.#own.limitOpen[entry]! -= 1;
    Atomics.sub(this.#shared.limitOpen, entry, 1);
  }

  /**
   * Takes one of `rate` connections a second, of which those of one second may come at once; false: none is due. Time is
   * counted in connections that could have come (GCRA), which makes it whole numbers that wrap around; 0 is never.
   */
  spend(entry: number, rate: number, nowMs: number): boolean {
    const { limitDue } = this.#shared;
    const now = Math.floor((nowMs * rate) / 1_000) | 0;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const due = Atomics.load(limitDue, entry);
      let ahead = due === 0 ? 0 : (due - now) | 0;
      // Further ahead than any burst: left from long ago, or from another rate.
      if (ahead < 0 || ahead > 2 * rate) ahead = 0;
      if (ahead >= rate) return false;
      if (Atomics.compareExchange(limitDue, entry, due, (now + ahead + 1) | 0 || 1) === due) return true;
    }
    return false;
  }

  #lookFor(listener: number, { family, ip }: PeerAddress): void {
    const key = this.#key;
    const word = (at: number) => (ip[at]! << 24) | (ip[at + 1]! << 16) | (ip[at + 2]! << 8) | ip[at + 3]!;
    key[0] = listener * 2 + Number(family === 6);
    key[1] = word(0);
    // A host of IPv6 chooses the other half of its address as it likes.
    key[2] = family === 6 ? word(4) : 0;
    // Nobody outside knows the seed, and so which sources share a bucket.
    let hash = Atomics.load(this.#shared.control, CONTROL.sourceSeed);
    for (const part of key) {
      hash = Math.imul(hash ^ part ^ (hash >>> 15), 0x85eb_ca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    }
    this.#bucket = ((hash ^ (hash >>> 16)) >>> 0) % this.#shared.sourceBuckets.length;
  }

  /** The entry of the source among those that `word` says are valid, or -1. */
  #find(word: number): number {
    const { limitOpen } = this.#shared;
    for (let ways = word & ALL_WAYS; ways !== 0; ways &= ways - 1) {
      const entry = this.#bucket * SOURCE_WAYS + 31 - Math.clz32(ways & -ways);
      // Before the key: whoever gives the entry to another source changes it first.
      this.#found = Atomics.load(limitOpen, entry);
      if (this.#isOfSource(entry)) return entry;
    }
    return -1;
  }

  #isOfSource(entry: number): boolean {
    const { sourceKeys } = this.#shared;
    const at = entry * SOURCE_KEY_WORDS;
    for (let part = 0; part < SOURCE_KEY_WORDS; part++)
      if (Atomics.load(sourceKeys, at + part) !== this.#key[part]) return false;
    return true;
  }

  #holdFound(entry: number, word: number, most: number): number {
    const { limitOpen } = this.#shared;
    const found = this.#found;
    // It is being taken from the source, which is bound to succeed: help, so that the source can have another.
    if (found < 0) return this.#invalidate(entry, word);
    const isFull = (found & OPEN) >= Math.min(most, OPEN);
    const then = isFull
      ? Atomics.load(limitOpen, entry)
      : Atomics.compareExchange(limitOpen, entry, found, found + 1);
    if (then !== found) return AGAIN;
    if (this.#isValid(entry) && this.#isOfSource(entry)) {
      if (isFull) return FULL;
      this.#own.limitOpen[entry]! += 1;
      return entry;
    }
    if (!isFull) Atomics.sub(limitOpen, entry, 1);
    return AGAIN;
  }

  /** Gives a free entry of the bucket to the source; if there is none, frees one. */
  #claim(word: number, nowMs: number): number {
    const { limitDue, limitOpen, sourceBuckets, sourceKeys } = this.#shared;
    const entry = this.#choose(word, nowMs);
    if (entry === -1) {
      this.#own.worker[UNTRACKED_COUNT]! += 1;
      return UNTRACKED;
    }
    const before = Atomics.load(limitOpen, entry);
    if (before < 0 || (before & OPEN) !== 0) return AGAIN;
    if (Atomics.compareExchange(limitOpen, entry, before, before | RESERVED) !== before) return AGAIN;
    const after = (before + NEXT_VERSION) & ~RESERVED;
    const bit = bitOf(entry);
    if (this.#isValid(entry)) {
      while (this.#isValid(entry)) this.#invalidate(entry, Atomics.load(sourceBuckets, this.#bucket));
      if (((nowMs - this.#shared.limitSeenMs[entry]!) | 0) < BURST_MS) this.#own.worker[FORGOTTEN]! += 1;
      Atomics.store(limitOpen, entry, after);
      return AGAIN;
    }
    for (let part = 0; part < SOURCE_KEY_WORDS; part++)
      Atomics.store(sourceKeys, entry * SOURCE_KEY_WORDS + part, this.#key[part]!);
    Atomics.store(limitDue, entry, 0);
    // Counted before it is valid: nobody else can then want the entry.
    Atomics.store(limitOpen, entry, after + 1);
    const valid = (word + NEXT_WORD) | bit | 0;
    if (Atomics.compareExchange(sourceBuckets, this.#bucket, word, valid) !== word) {
      Atomics.sub(limitOpen, entry, 1);
      return AGAIN;
    }
    this.#own.limitOpen[entry]! += 1;
    return entry;
  }

  /** An entry of the bucket without connections: one that is not valid, or that was not asked for the longest; or -1. */
  #choose(word: number, nowMs: number): number {
    const { limitOpen, limitSeenMs } = this.#shared;
    let chosen = -1;
    let longest = -1;
    for (let way = 0; way < SOURCE_WAYS; way++) {
      const entry = this.#bucket * SOURCE_WAYS + way;
      const open = Atomics.load(limitOpen, entry);
      if (open < 0 || (open & OPEN) !== 0) continue;
      if ((word & bitOf(entry)) === 0) return entry;
      const idleMs = (nowMs - limitSeenMs[entry]!) | 0;
      if (idleMs <= longest && chosen !== -1) continue;
      chosen = entry;
      longest = idleMs;
    }
    return chosen;
  }

  #isValid(entry: number): boolean {
    return (Atomics.load(this.#shared.sourceBuckets, this.#bucket) & bitOf(entry)) !== 0;
  }

  #invalidate(entry: number, word: number): number {
    const invalid = ((word + NEXT_WORD) & ~bitOf(entry)) | 0;
    Atomics.compareExchange(this.#shared.sourceBuckets, this.#bucket, word, invalid);
    return AGAIN;
  }
}

function bitOf(entry: number): number {
  return 1 << (entry % SOURCE_WAYS);
}
