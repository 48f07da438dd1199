/**
 * Source hash: the same client goes to the same backend, by Maglev's table (maglev.ts).
 *
 * Guarantee: every proxy at one revision sends a client to the same backend as long as the proxy sees that one up,
 * whatever the health of the others: the table depends on the configuration only, and a candidate that is down or tried
 * is skipped by hashing again, in the same sequence everywhere. Clients spread by weight, those of a backend that is down
 * included.
 * Cost: mostly one lookup; after `REHASHES` of them, which takes a pool that is nearly all down, one pass over the
 * candidates. No allocation.
 * Invariants
 *  - at most `REHASHES` lookups and one pass, so a pick always ends;
 *  - no state: nothing to carry over to the next plan.
 */
import type { Balancer, BalancerInputs, Candidates, PickRequest, Tried } from './balancer.ts';
import { NO_BACKEND } from './balancer.ts';

/** With half of the weight down, one pick in four billion needs the pass. */
const REHASHES = 32;

export class SourceHash implements Balancer {
  readonly #candidates: Candidates;
  readonly #table: Uint16Array | Uint32Array;

  constructor({ candidates, table }: BalancerInputs) {
    if (!table) throw new TypeError('source_hash needs the table that build-plan.ts builds');
    this.#candidates = candidates;
    this.#table = table;
  }

  pick(request: PickRequest, tried: Tried): number {
    let chosen = this.#lookUp(request.sourceHash, tried);
    if (chosen === NO_BACKEND) chosen = this.#highestScore(request.sourceHash, tried);
    if (chosen !== NO_BACKEND) this.#candidates.reserve(chosen);
    return chosen;
  }

  release(candidate: number): void {
    this.#candidates.unreserve(candidate);
  }

  #lookUp(sourceHash: number, tried: Tried): number {
    const slots = this.#table.length;
    if (slots === 0) return NO_BACKEND;
    let hash = sourceHash >>> 0;
    for (let lookup = 0; lookup < REHASHES; lookup++) {
      // `!`: the remainder is below the length.
      const candidate = this.#table[hash % slots]!;
      if (this.#candidates.eligible(candidate) && !tried.has(candidate)) return candidate;
      hash = mix(sourceHash ^ Math.imul(lookup + 1, 0x9e3779b9));
    }
    return NO_BACKEND;
  }

  /** Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): as stable and as fair as the table. */
  #highestScore(sourceHash: number, tried: Tried): number {
    let best = NO_BACKEND;
    let bestScore = -1;
    for (let candidate = 0; candidate < this.#candidates.count; candidate++) {
      if (!this.#candidates.eligible(candidate) || tried.has(candidate)) continue;
      const uniform = (mix(sourceHash ^ mix(candidate + 1)) + 0.5) / 4_294_967_296;
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
