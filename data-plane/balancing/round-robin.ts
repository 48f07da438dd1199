/**
 * Round robin, smooth and weighted, with one turn for all workers of the proxy.
 *
 * A cycle has as many turns as the weights add up to. Candidates of equal weight form a group, the heaviest come first.
 * The groups are halved again and again until one is left: at each step the turns are spread evenly over both halves,
 * as Bresenham's line spreads its steps. Within a group the turns go round.
 *
 * What the workers share is how far the cycle is, as a fraction of it. It means the same to workers that have noticed
 * different changes, and candidates that come and go do not start the cycle over.
 *
 * Guarantee: any W picks in a row, W being the sum of the weights, include each candidate exactly as often as its weight
 * says, over all workers together, as long as the eligible ones stay the same and none is skipped as tried. A candidate
 * that becomes eligible again has no turns saved up. The turn of a tried candidate is over, for everybody.
 * Cost: O(1) per pick when all weigh the same, otherwise O(log of the number of different weights); one atomic exchange;
 * a sort after a change of the epoch. No allocation.
 * Invariants
 *  - a turn belongs to the worker whose exchange succeeds; one fails only when another worker takes a turn meanwhile;
 *  - at most `SKIPS` turns are skipped in a pick; if what comes then was tried too, the rest is drawn by weight.
 */
import type { Random } from '../../core/runtime/random.ts';
import type { Balancer, BalancerInputs, Candidates, PickRequest, Tried } from './balancer.ts';
import { NO_BACKEND } from './balancer.ts';

/** A cycle's parts in the shared cell: many for each turn, even of 40,000 backends of the maximum weight. */
const CYCLE = 2 ** 32;
const SKIPS = 8;
/** More workers than can be in each other's way. */
const EXCHANGES = 64;
/** Keys to sort by: weight, the heaviest first, and then candidate; what is not eligible comes after all. */
const HEAVIEST = 0xffff;
const LAST = 0xffff_ffff;

// `!` on typed arrays in this file: indexes are below the sizes, and this runs for each connection.
export class RoundRobin implements Balancer {
  readonly #candidates: Candidates;
  readonly #random: Random;
  /** One cell: the moment of the next turn. */
  readonly #turn: Int32Array;
  /** The eligible candidates, by group. */
  readonly #keys: Uint32Array;
  /** By group: where it starts in `#keys`, and the weight of all groups before it; one more for the end. */
  readonly #start: Int32Array;
  readonly #before: Float64Array;
  #groups = 0;
  /** Null: nothing was read yet. */
  #epoch: number | null = null;

  constructor({ candidates, random, turn }: BalancerInputs) {
    const { count } = candidates;
    this.#candidates = candidates;
    this.#random = random;
    this.#turn = turn;
    this.#keys = new Uint32Array(count);
    this.#start = new Int32Array(count + 1);
    this.#before = new Float64Array(count + 1);
  }

  pick(_request: PickRequest, tried: Tried): number {
    this.#refresh();
    const chosen = this.#takeTurn(tried);
    if (chosen !== NO_BACKEND) this.#candidates.reserve(chosen);
    return chosen;
  }

  release(candidate: number): void {
    this.#candidates.unreserve(candidate);
  }

  #takeTurn(tried: Tried): number {
    const turns = this.#before[this.#groups]!;
    if (turns === 0) return NO_BACKEND;
    for (let exchange = 1; ; exchange++) {
      const moment = Atomics.load(this.#turn, 0);
      let turn = this.#turnAt(((moment >>> 0) / CYCLE) * turns) % turns;
      let chosen = this.#candidateOf(turn);
      for (let skipped = 0; skipped < SKIPS && !tried.isEmpty && tried.has(chosen); skipped++) {
        turn = (turn + 1) % turns;
        chosen = this.#candidateOf(turn);
      }
      const next = Math.floor((((turn + 1) % turns) / turns) * CYCLE) | 0;
      if (Atomics.compareExchange(this.#turn, 0, moment, next) === moment || exchange === EXCHANGES) {
        return !tried.isEmpty && tried.has(chosen) ? this.#drawFromRest(tried) : chosen;
      }
    }
  }

  #refresh(): void {
    const epoch = this.#candidates.epoch();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#keys.fill(LAST);
    let size = 0;
    for (let candidate = 0; candidate < this.#candidates.count; candidate++) {
      if (!this.#candidates.eligible(candidate)) continue;
      this.#keys[size++] = (HEAVIEST - this.#candidates.weight(candidate)) * 0x1_0000 + candidate;
    }
    this.#keys.sort();
    this.#groups = 0;
    let sum = 0;
    for (let at = 0; at < size; at++) {
      const weight = HEAVIEST - (this.#keys[at]! >>> 16);
      if (at === 0 || weight !== HEAVIEST - (this.#keys[at - 1]! >>> 16)) this.#start[this.#groups++] = at;
      sum += weight;
      this.#start[this.#groups] = at + 1;
      this.#before[this.#groups] = sum;
    }
  }

  /** Between two turns, as after a change: one of them, in proportion, so that nobody always misses a turn. */
  #turnAt(place: number): number {
    const nearest = Math.round(place);
    return Math.abs(place - nearest) < 0.1 ? nearest : Math.floor(place + this.#random.next());
  }

  /** By weight, in one pass: each takes the place of the one before it with its share of the weights so far. */
  #drawFromRest(tried: Tried): number {
    let chosen = NO_BACKEND;
    let sum = 0;
    for (let at = 0; at < this.#start[this.#groups]!; at++) {
      const candidate = this.#keys[at]! & 0xffff;
      if (tried.has(candidate)) continue;
      const weight = HEAVIEST - (this.#keys[at]! >>> 16);
      sum += weight;
      if (this.#random.next() * sum < weight) chosen = candidate;
    }
    return chosen;
  }

  #candidateOf(turn: number): number {
    const before = this.#before;
    let from = 0;
    let to = this.#groups;
    let left = turn;
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      const all = before[to]! - before[from]!;
      const first = before[middle]! - before[from]!;
      // Of `left` turns the first half has had so many, and one more if this one is its own.
      const had = Math.ceil((left * first) / all);
      if ((left + 1) * first > had * all) {
        to = middle;
        left = had;
      } else {
        from = middle;
        left -= had;
      }
    }
    const start = this.#start[from]!;
    return this.#keys[start + (left % (this.#start[from + 1]! - start))]! & 0xffff;
  }
}
