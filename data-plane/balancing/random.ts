/**
 * Random: each eligible candidate with a probability in proportion to its weight.
 *
 * Guarantee: independent draws, so no two workers or proxies can fall into step. With n equal backends and m
 * connections the fullest has about m/n + sqrt(2 m ln n / n) of them (Raab and Steger, "Balls into Bins", 1998).
 * Cost: O(1) a pick, see weighted-draw.ts. No allocation.
 */
import type { Balancer, BalancerInputs, Candidates, Flow, Tried } from './balancer.ts';
import { NO_BACKEND } from './balancer.ts';
import { WeightedDraw } from './weighted-draw.ts';

class RandomBalancer implements Balancer {
  readonly #candidates: Candidates;
  readonly #draw: WeightedDraw;

  constructor({ candidates, random }: BalancerInputs) {
    this.#candidates = candidates;
    this.#draw = new WeightedDraw(candidates, random);
  }

  pick(_flow: Flow, tried: Tried): number {
    this.#draw.refresh();
    const candidate = this.#draw.draw(tried);
    if (candidate !== NO_BACKEND) this.#candidates.reserve(candidate);
    return candidate;
  }

  release(candidate: number): void {
    this.#candidates.unreserve(candidate);
  }

  connected(): void {}

  connectFailed(): void {}
}

/** Makes a balancer of the strategy `random`. */
export function randomBalancer(inputs: BalancerInputs): Balancer {
  return new RandomBalancer(inputs);
}
