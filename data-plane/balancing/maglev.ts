/**
 * Builds Maglev's lookup table (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI
 * 2016, section 3.4), weighted as there: a heavier candidate takes its turns more often.
 *
 * Guarantee: with equal weights, entries per candidate differ by at most one; with others they follow the weights to
 * within a turn, and every candidate of weight above 0 has at least one entry. Removing one of n candidates moves its own
 * entries and few others (in the tests fewer than 6 in 100 of the rest).
 * Cost: O(M log M) steps, a few milliseconds; run it on the main thread.
 * Invariants
 *  - the table is a function of hosts and weights alone, so every proxy at one revision has the same;
 *  - a candidate's preferences depend on its host only, not on its number.
 */

/** Entries of a table. Prime, so that every step width visits all of them, and twice the maximum number of backends. */
export const MAGLEV_ENTRIES = 65_537;

export interface MaglevCandidate {
  /** Identifies it in the whole fleet. */
  readonly host: string;
  /** 0: it gets no entry. */
  readonly weight: number;
}

// `!` on typed arrays in this file: all indexes are below the lengths fixed at the top of each function.

/** The candidate number of each entry, in shared memory; an empty table when no weight is above 0. */
export function buildMaglevTable(candidates: readonly MaglevCandidate[]): Uint32Array {
  const heaviest = candidates.reduce((most, { weight }) => Math.max(most, weight), 0);
  if (heaviest === 0) return new Uint32Array(new SharedArrayBuffer(0));
  const table = new Uint32Array(new SharedArrayBuffer(MAGLEV_ENTRIES * Uint32Array.BYTES_PER_ELEMENT));
  const taken = new Uint8Array(MAGLEV_ENTRIES);
  const next = Float64Array.from(candidates, ({ host }) => hashText(host, 0x9747b28c) % MAGLEV_ENTRIES);
  const step = Float64Array.from(
    candidates,
    ({ host }) => 1 + (hashText(host, 0x2c1b3c6d) % (MAGLEV_ENTRIES - 1)),
  );
  const turns = new Turns(candidates, heaviest);
  for (let filled = 0; filled < MAGLEV_ENTRIES; filled++) {
    const candidate = turns.next();
    let entry = next[candidate]!;
    while (taken[entry] === 1) entry = (entry + step[candidate]!) % MAGLEV_ENTRIES;
    taken[entry] = 1;
    table[entry] = candidate;
    next[candidate] = (entry + step[candidate]!) % MAGLEV_ENTRIES;
  }
  return table;
}

/**
 * The order of turns. Turn j of a candidate is in round ceil(j × heaviest / weight), so the heaviest has a turn in every
 * round, and each candidate has one in round 0. Each round is a queue, since trying every candidate in every round
 * would take rounds × candidates steps.
 */
class Turns {
  readonly #weights: Float64Array;
  readonly #heaviest: number;
  readonly #taken: Float64Array;
  /** By round: the first and the last of its queue; by candidate: the next in its queue. -1: none. */
  readonly #first = new Int32Array(MAGLEV_ENTRIES + 1).fill(-1);
  readonly #last = new Int32Array(MAGLEV_ENTRIES + 1).fill(-1);
  readonly #behind: Int32Array;
  #round = 0;

  constructor(candidates: readonly MaglevCandidate[], heaviest: number) {
    this.#weights = Float64Array.from(candidates, ({ weight }) => weight);
    this.#heaviest = heaviest;
    this.#taken = new Float64Array(candidates.length);
    this.#behind = new Int32Array(candidates.length).fill(-1);
    for (const [candidate, { weight }] of candidates.entries()) if (weight > 0) this.#enqueue(0, candidate);
  }

  next(): number {
    // Ends: the heaviest is in every round's queue until the table is full.
    while (this.#first[this.#round] === -1) this.#round++;
    const candidate = this.#first[this.#round]!;
    this.#first[this.#round] = this.#behind[candidate]!;
    this.#taken[candidate]!++;
    const round = Math.ceil((this.#taken[candidate]! * this.#heaviest) / this.#weights[candidate]!);
    if (round < this.#first.length) this.#enqueue(round, candidate);
    return candidate;
  }

  #enqueue(round: number, candidate: number): void {
    this.#behind[candidate] = -1;
    if (this.#first[round] === -1) this.#first[round] = candidate;
    else this.#behind[this.#last[round]!] = candidate;
    this.#last[round] = candidate;
  }
}

/** 32 bits of a text and a seed: FNV-1a over its characters, then MurmurHash3's finaliser (both public domain). */
export function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
