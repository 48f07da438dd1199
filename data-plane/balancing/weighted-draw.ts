/**
 * Draws eligible candidates at random, in proportion to their weights: the alias method (Walker 1977, in Vose's form,
 * 1991). Used by every strategy that draws at random.
 *
 * Guarantee: the probability of a candidate is its weight over the weights of all that are eligible, untried and not
 * excluded, exactly: a draw that hits a tried one is repeated, and after `ATTEMPTS` of them the rest is summed up.
 * Cost: O(1) per draw; O(n) after a change of the epoch, and when nearly all of the weight was tried. No allocation.
 * Invariants
 *  - the list holds every eligible candidate once, in the candidates' order, as of the epoch read last;
 *  - at most `ATTEMPTS` draws and one pass over the list, so a draw always ends.
 */
import type { Random } from '../../core/runtime/random.ts';
import { type Candidates, NO_BACKEND, type Tried } from './balancer.ts';

const ATTEMPTS = 8;

// `!` on typed arrays in this file: indexes are below `#size`, and this runs for each connection.
export class WeightedDraw {
  readonly #candidates: Candidates;
  readonly #random: Random;
  readonly #list: Int32Array;
  /** By position in the list: how likely the position itself is taken once drawn, and which one is taken otherwise. */
  readonly #share: Float64Array;
  readonly #alias: Int32Array;
  readonly #work: Int32Array;
  #size = 0;
  /** Null: nothing was read yet. */
  #epoch: number | null = null;

  constructor(candidates: Candidates, random: Random) {
    this.#candidates = candidates;
    this.#random = random;
    this.#list = new Int32Array(candidates.count);
    this.#share = new Float64Array(candidates.count);
    this.#alias = new Int32Array(candidates.count);
    this.#work = new Int32Array(candidates.count);
  }

  /** Updates the list. Call it first in every pick; the other methods use the list as it was then. */
  refresh(): void {
    const epoch = this.#candidates.epoch();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#size = 0;
    for (let candidate = 0; candidate < this.#candidates.count; candidate++) {
      if (this.#candidates.eligible(candidate)) this.#list[this.#size++] = candidate;
    }
    this.#buildAliases();
  }

  /** How many candidates are eligible. */
  get size(): number {
    return this.#size;
  }

  /** The eligible candidate at a position from 0 to size - 1. */
  at(position: number): number {
    return this.#list[position]!;
  }

  /** The position of a candidate drawn by weight, tried or not; NO_BACKEND when none is eligible. */
  drawPosition(): number {
    if (this.#size === 0) return NO_BACKEND;
    // One number serves twice: its whole part chooses the position, its fraction decides between the position and its alias.
    const point = this.#random.next() * this.#size;
    const position = Math.floor(point);
    return point - position < this.#share[position]! ? position : this.#alias[position]!;
  }

  /** A candidate drawn by weight, neither in `tried` nor `except`; NO_BACKEND when there is none. */
  draw(tried: Tried, except: number = NO_BACKEND): number {
    if (this.#size === 0) return NO_BACKEND;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const candidate = this.#list[this.drawPosition()]!;
      if (candidate !== except && !tried.has(candidate)) return candidate;
    }
    return this.#drawFromRest(tried, except);
  }

  #drawFromRest(tried: Tried, except: number): number {
    let total = 0;
    for (let position = 0; position < this.#size; position++) {
      const candidate = this.#list[position]!;
      if (candidate !== except && !tried.has(candidate)) total += this.#candidates.weight(candidate);
    }
    let left = this.#random.next() * total;
    for (let position = 0; position < this.#size; position++) {
      const candidate = this.#list[position]!;
      if (candidate === except || tried.has(candidate)) continue;
      left -= this.#candidates.weight(candidate);
      if (left < 0) return candidate;
    }
    return NO_BACKEND;
  }

  /** Pairs each position of less than the average weight with one of more, which lends it what is missing. */
  #buildAliases(): void {
    let total = 0;
    for (let position = 0; position < this.#size; position++)
      total += this.#candidates.weight(this.#list[position]!);
    // One array, two stacks: positions below the average from the left, those above it from the right.
    let small = 0;
    let large = this.#size;
    for (let position = 0; position < this.#size; position++) {
      const share = (this.#candidates.weight(this.#list[position]!) * this.#size) / total;
      this.#share[position] = share;
      this.#alias[position] = position;
      if (share < 1) this.#work[small++] = position;
      else this.#work[--large] = position;
    }
    while (small > 0 && large < this.#size) {
      const lacking = this.#work[--small]!;
      const lender = this.#work[large]!;
      this.#alias[lacking] = lender;
      this.#share[lender]! -= 1 - this.#share[lacking]!;
      if (this.#share[lender]! < 1) {
        large++;
        this.#work[small++] = lender;
      }
    }
    // What is left would be exactly 1 but for rounding: it must not point elsewhere.
    while (small > 0) this.#share[this.#work[--small]!] = 1;
    while (large < this.#size) this.#share[this.#work[large++]!] = 1;
  }
}
