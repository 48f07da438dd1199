/**
 * Source hash: the same client goes to the same host, by Maglev's table (host-tables.ts), and there to the same port.
 *
 * Guarantee: every proxy at one revision sends a client to the same backend as long as the proxy sees that one up and its
 * tier serves, whatever the health of the others: the tables depend on the configuration only, and a host that is down
 * or tried is skipped by hashing again, in the same sequence everywhere. While a host has a port that is up, its clients
 * stay on it. Clients spread by weight, those of a host that is down included.
 * Cost: mostly one lookup; after `REHASHES` of them, which takes a tier that is nearly all down, one pass over the
 * candidates; after a change of the epoch, a pass up to the first that is eligible. No allocation.
 * Invariants
 *  - at most `REHASHES` lookups and one pass, so a pick always ends;
 *  - no state: nothing to carry over to the next plan.
 */
import type { Balancer, BalancerInputs, Candidates, PickRequest, Tried } from './balancer.ts';
import { NO_BACKEND } from './balancer.ts';
import type { HostTables } from './host-tables.ts';

/** With half of the weight down, one pick in four billion needs the pass. */
const REHASHES = 32;

// `!` in this file: tables hold candidates, and hosts end among them.
export class SourceHash implements Balancer {
  readonly #candidates: Candidates;
  readonly #hosts: HostTables;
  /** Of the tier that serves. */
  #table: Uint32Array;
  #isEmpty = false;
  /** Null: nothing was read yet. */
  #epoch: number | null = null;

  constructor({ candidates, hosts }: BalancerInputs) {
    if (!hosts) throw new TypeError('source_hash needs the tables that build-plan.ts builds');
    this.#candidates = candidates;
    this.#hosts = hosts;
    this.#table = hosts.byTier[0]!;
  }

  pick(request: PickRequest, tried: Tried): number {
    this.#refresh();
    if (this.#isEmpty) return NO_BACKEND;
    let chosen = this.#lookUp(request.sourceHash, tried);
    if (chosen === NO_BACKEND) {
      chosen = this.#highestScore(request.sourceHash, tried, 0, this.#candidates.count);
    }
    if (chosen !== NO_BACKEND) this.#candidates.reserve(chosen);
    return chosen;
  }

  release(candidate: number): void {
    this.#candidates.unreserve(candidate);
  }

  /** All that are eligible are of one tier. */
  #refresh(): void {
    const epoch = this.#candidates.epoch();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    let first = 0;
    while (first < this.#candidates.count && !this.#candidates.eligible(first)) first++;
    this.#isEmpty = first === this.#candidates.count;
    if (!this.#isEmpty) this.#table = this.#hosts.byTier[this.#hosts.tiers?.[first] ?? 0]!;
  }

  #lookUp(sourceHash: number, tried: Tried): number {
    const slots = this.#table.length;
    if (slots === 0) return NO_BACKEND;
    let hash = sourceHash >>> 0;
    for (let lookup = 0; lookup < REHASHES; lookup++) {
      const first = this.#table[hash % slots]!;
      const end = this.#hosts.ends[first]!;
      if (end > first + 1) {
        const chosen = this.#highestScore(sourceHash, tried, first, end);
        if (chosen !== NO_BACKEND) return chosen;
      } else if (this.#candidates.eligible(first) && !tried.has(first)) return first;
      hash = mix(sourceHash ^ Math.imul(lookup + 1, 0x9e3779b9));
    }
    return NO_BACKEND;
  }

  /** Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): as stable and as fair as the table. */
  #highestScore(sourceHash: number, tried: Tried, from: number, to: number): number {
    let best = NO_BACKEND;
    let bestScore = -1;
    for (let candidate = from; candidate < to; candidate++) {
      if (!this.#candidates.eligible(candidate) || tried.has(candidate)) continue;
      const uniform = (mix(sourceHash ^ this.#hosts.keys[candidate]!) + 0.5) / 4_294_967_296;
      const score = this.#candidates.weight(candidate) / -Math.log(uniform);
      if (score <= bestScore) continue;
      best = candidate;
      bestScore = score;
    }
    return best;
  }
}

/** MurmurHash3's finaliser (Austin Appleby, public domain): unsigned 32 bits. */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
