/**
 * Random: each eligible candidate with a probability in proportion to its weight.
 *
 * Guarantee: independent draws, so no two workers or proxies can synchronize. With n equal backends and m
 * connections the fullest has about m/n + sqrt(2 m ln n / n) of them (Raab and Steger, "Balls into Bins", 1998).
 * Cost: O(1) per pick, see weighted-draw.ts. No allocation.
 */
import type { PickRequest, Tried } from './balancer.ts';
import { DrawingBalancer } from './drawing-balancer.ts';

export class RandomBalancer extends DrawingBalancer {
  protected override choose(_request: PickRequest, tried: Tried): number {
    return this.draw.draw(tried);
  }
}
