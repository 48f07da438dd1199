/**
 * Random: each eligible candidate with a probability in proportion to its weight.
 *
 * Guarantee: independent draws, so no two workers or proxies can fall into step. With n equal backends and m
 * connections the fullest has about m/n + sqrt(2 m ln n / n) of them (Raab and Steger, "Balls into Bins", 1998).
 * Cost: O(1) a pick, see weighted-draw.ts. No allocation.
 */
import type { Balancer, BalancerInputs, PickRequest, Tried } from './balancer.ts';
import { DrawingBalancer } from './drawing-balancer.ts';

class RandomBalancer extends DrawingBalancer {
  protected override choose(_request: PickRequest, tried: Tried): number {
    return this.draw.draw(tried);
  }
}

/** Makes a balancer of the strategy `random`. */
export function randomBalancer(inputs: BalancerInputs): Balancer {
  return new RandomBalancer(inputs);
}
