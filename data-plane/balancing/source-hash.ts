/**
 * Source hash: the same client goes to the same backend, by Maglev's table (maglev.ts).
 *
 * Guarantee: every proxy at one revision sends a client to the same backend as long as that one is up in its view,
 * whatever it believes of the others: the table knows configuration only, and what is down or tried is stepped over
 * by hashing again, in the same sequence everywhere. Clients spread by weight, also those of a backend that is down.
 * Cost: one look mostly. After `REHASHES` of them one pass over the candidates: that takes a pool that is nearly all
 * down. No allocation.
 * Invariants
 *  - at most `REHASHES` looks and one pass, so a pick always ends;
 *  - no state: nothing to carry over to the next plan.
 */
import type { Balancer, BalancerInputs, Candidates, PickRequest, Tried } from './balancer.ts';
import { NO_BACKEND } from './balancer.ts';

/** With half of the weight down, one pick in four thousand million comes to the pass. */
const REHASHES = 32;

class SourceHash implements Balancer {
  readonly #candidates: Candidates;
  readonly #table: Uint16Array | Uint32Array;

  constructor({ candidates, table }: BalancerInputs) {
    if (!table) throw new TypeError('source_hash needs the table that build-plan.ts makes');
    this.#candidates = candidates;
    this.#table = table;
  }

  pick(request: PickRequest, tried: Tried): number {
    let chosen = this.#look(request.sourceHash, tried);
    if (chosen === NO_BACKEND) chosen = this.#highestScore(request.sourceHash, tried);
    if (chosen !== NO_BACKEND) this.#candidates.reserve(chosen);
    return chosen;
  }

  release(candidate: number): void {
    this.#candidates.unreserve(candidate);
  }

  connected(): void {}

  connectFailed(): void {}

  #look(sourceHash: number, tried: Tried): number {
    const slots = this.#table.length;
    if (slots === 0) return NO_BACKEND;
    let hash = sourceHash >>> 0;
    for (let look = 0; look < REHASHES; look++) {
      // `!`: the remainder is below the length.
      const candidate = this.#table[hash % slots]!;
      if (this.#candidates.eligible(candidate) && !tried.has(candidate)) return candidate;
      hash = mix(sourceHash ^ Math.imul(look + 1, 0x9e3779b9));
    }
    return NO_BACKEND;
  }

  /** Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): as steady and as fair as the table. */
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

/** Makes a balancer of the strategy `source_hash`. */
export function sourceHashBalancer(inputs: BalancerInputs): Balancer {
  return new SourceHash(inputs);
}
