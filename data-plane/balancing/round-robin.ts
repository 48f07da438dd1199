/**
 * Round robin, smooth and weighted: earliest deadline first over a fixed timetable.
 *
 * A cycle has the length 1. In each cycle a candidate has as many turns as its weight w, evenly spread, at
 * (turn + offset) / w for turn 0 to w - 1. The offset, (i + ½) / n for candidate i of n at first, keeps candidates
 * of equal weight apart and in order. A pick takes the next turn after the last one taken. (Deadlines of weighted
 * fair queueing: Demers, Keshav and Shenker, 1989.)
 *
 * Guarantee: any W picks in a row, W being the sum of the weights, include each candidate exactly as often as its weight
 * says, as long as the eligible ones stay the same and none is skipped as tried. Turns are computed from whole
 * numbers each time, so nothing drifts. A candidate that becomes eligible again has no turns saved up.
 * Cost: O(log n) per pick by a heap, 14 steps for 10,000 backends, where the scan of nginx's smooth round robin takes
 * 10,000; O(n) after a change of the epoch. No allocation.
 * Invariants
 *  - the last turn taken and the offsets are the only state; they are kept over epochs and, through `previous`, over
 *    plans, so that candidates that come and go do not change the turns of the others;
 *  - each worker starts at its own moment, worker / workers of a cycle in;
 *  - at most tried.size + 1 candidates are taken off the heap in a pick.
 */
import type { Balancer, BalancerInputs, Candidates, PickRequest, Tried } from './balancer.ts';
import { NO_BACKEND } from './balancer.ts';

/** Multiples of the golden ratio lie far apart within a cycle: offsets of candidates that are added later. */
const GOLDEN_RATIO = 0.618_033_988_749_894_9;

/** A turn in the timetable. Turns at the same moment come in the order of their candidates. */
interface Turn {
  cycle: number;
  /** Within the cycle, in [0, 1). */
  moment: number;
  candidate: number;
}

// `!` on typed arrays in this file: candidates are below their count, and this runs for each connection.
export class RoundRobin implements Balancer {
  readonly #candidates: Candidates;
  /** The last turn taken. */
  readonly #last: Turn;
  readonly #offset: Float64Array;
  /** By candidate: its next turn. */
  readonly #cycle: Float64Array;
  readonly #moment: Float64Array;
  /** Eligible candidates, the one whose turn is next on top. */
  readonly #heap: Int32Array;
  #size = 0;
  /** Null: nothing was read yet. */
  #epoch: number | null = null;

  constructor({ candidates, worker, previous }: BalancerInputs) {
    this.#candidates = candidates;
    this.#cycle = new Float64Array(candidates.count);
    this.#moment = new Float64Array(candidates.count);
    this.#heap = new Int32Array(candidates.count);
    this.#offset = new Float64Array(candidates.count);
    for (let i = 0; i < candidates.count; i++) this.#offset[i] = (i + 0.5) / candidates.count;
    this.#last = { cycle: 0, moment: worker.index / worker.count, candidate: NO_BACKEND };
    if (previous?.balancer instanceof RoundRobin) this.#takeOver(previous.balancer, previous.moved);
  }

  pick(_request: PickRequest, tried: Tried): number {
    this.#refresh();
    const all = this.#size;
    // Tried candidates are moved behind the heap's end, and put back with the turn they had.
    while (this.#size > 0 && tried.has(this.#heap[0]!)) this.#park();
    const chosen = this.#size > 0 ? this.#heap[0]! : NO_BACKEND;
    if (chosen !== NO_BACKEND) this.#take(chosen);
    while (this.#size < all) this.#siftUp(this.#size++);
    return chosen;
  }

  release(candidate: number): void {
    this.#candidates.unreserve(candidate);
  }

  #takeOver(previous: RoundRobin, moved: Int32Array): void {
    const last = previous.#last;
    this.#last.cycle = last.cycle;
    this.#last.moment = last.moment;
    this.#last.candidate = moved[last.candidate] ?? NO_BACKEND;
    for (let i = 0; i < this.#offset.length; i++) this.#offset[i] = ((i + 1) * GOLDEN_RATIO) % 1;
    for (let old = 0; old < moved.length; old++) {
      const candidate = moved[old]!;
      if (candidate !== NO_BACKEND) this.#offset[candidate] = previous.#offset[old]!;
    }
  }

  #take(chosen: number): void {
    // A candidate that was skipped as tried may be taken later than its turn: `#last` does not go back for it.
    if (this.#isBefore(this.#last, this.#cycle[chosen]!, this.#moment[chosen]!, chosen)) {
      this.#last.cycle = this.#cycle[chosen]!;
      this.#last.moment = this.#moment[chosen]!;
      this.#last.candidate = chosen;
    }
    this.#schedule(chosen);
    this.#siftDown(0);
    this.#candidates.reserve(chosen);
  }

  #refresh(): void {
    const epoch = this.#candidates.epoch();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#size = 0;
    for (let candidate = 0; candidate < this.#candidates.count; candidate++) {
      if (!this.#candidates.eligible(candidate)) continue;
      this.#schedule(candidate);
      this.#heap[this.#size++] = candidate;
    }
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#siftDown(at);
  }

  /** Gives a candidate its first turn after the last one taken. */
  #schedule(candidate: number): void {
    const last = this.#last;
    const weight = this.#candidates.weight(candidate);
    const offset = this.#offset[candidate]!;
    // Rounding may put the estimate off by one; the comparison with the turn itself decides.
    let turn = Math.max(0, Math.floor(last.moment * weight - offset));
    while (turn < weight && !this.#isBefore(last, last.cycle, (turn + offset) / weight, candidate)) turn++;
    this.#cycle[candidate] = turn < weight ? last.cycle : last.cycle + 1;
    this.#moment[candidate] = ((turn < weight ? turn : 0) + offset) / weight;
  }

  #isBefore(turn: Turn, cycle: number, moment: number, candidate: number): boolean {
    if (turn.cycle !== cycle) return turn.cycle < cycle;
    return turn.moment === moment ? turn.candidate < candidate : turn.moment < moment;
  }

  #comesFirst(a: number, b: number): boolean {
    if (this.#cycle[a] !== this.#cycle[b]) return this.#cycle[a]! < this.#cycle[b]!;
    return this.#moment[a] === this.#moment[b] ? a < b : this.#moment[a]! < this.#moment[b]!;
  }

  /** Moves the top behind the heap's end. */
  #park(): void {
    const top = this.#heap[0]!;
    this.#size--;
    this.#heap[0] = this.#heap[this.#size]!;
    this.#heap[this.#size] = top;
    this.#siftDown(0);
  }

  #siftDown(from: number): void {
    const moving = this.#heap[from]!;
    let at = from;
    for (let child = 2 * at + 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && this.#comesFirst(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (!this.#comesFirst(this.#heap[child]!, moving)) break;
      this.#heap[at] = this.#heap[child]!;
      at = child;
    }
    this.#heap[at] = moving;
  }

  #siftUp(from: number): void {
    const moving = this.#heap[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#comesFirst(moving, this.#heap[parent]!)) break;
      this.#heap[at] = this.#heap[parent]!;
      at = parent;
    }
    this.#heap[at] = moving;
  }
}
