/**
 * Power of two choices: draw two distinct eligible candidates by weight, take the one with fewer open connections per
 * weight; when they have the same, the first drawn.
 *
 * Guarantee: the fullest of n equal backends is O(log log n) above the mean (Mitzenmacher, "The Power of Two Choices
 * in Randomized Load Balancing", 2001). Slightly stale counts cause far less herding than under least_connections.
 * Among idle backends the shares are exactly the weights', since the first draw decides.
 * Cost: O(1) per pick, see weighted-draw.ts. No allocation.
 * Invariants: a candidate is never compared with itself; if only one is eligible and untried, it is taken.
 */
import { NO_BACKEND, type PickRequest, type Tried } from './balancer.ts';
import { DrawingBalancer } from './drawing-balancer.ts';

/** peak_ewma extends it with another comparison. */
export class PowerOfTwoChoices extends DrawingBalancer {
  protected override choose(request: PickRequest, tried: Tried): number {
    const first = this.draw.draw(tried);
    if (first === NO_BACKEND) return NO_BACKEND;
    const second = this.draw.draw(tried, first);
    return second !== NO_BACKEND && this.isBetter(second, first, request.nowMs) ? second : first;
  }

  /** Less loaded by open / weight; multiplied out to whole numbers, so that ties are ties. */
  protected isBetter(a: number, b: number, _nowMs: number): boolean {
    const all = this.candidates;
    return all.open(a) * all.weight(b) < all.open(b) * all.weight(a);
  }
}
