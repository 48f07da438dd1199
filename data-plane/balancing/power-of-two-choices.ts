/**
 * Power of two choices: draw two distinct eligible candidates by weight, take the one with fewer open connections per
 * weight; when they have the same, the first drawn.
 *
 * Guarantee: the fullest of n equal backends is O(log log n) above the mean (Mitzenmacher, "The Power of Two Choices
 * in Randomized Load Balancing", 2001). Counts that are a little stale herd far less than under least_connections.
 * Among idle backends the shares are exactly the weights', since the first draw decides.
 * Cost: O(1) a pick, see weighted-draw.ts. No allocation.
 * Invariants: two eligible untried candidates are never compared with themselves; a lone one is taken.
 */
import { type Balancer, type BalancerInputs, type PickRequest, NO_BACKEND, type Tried } from './balancer.ts';
import { DrawingBalancer } from './drawing-balancer.ts';

/** Also what peak_ewma is, but for the comparison. */
export class PowerOfTwoChoices extends DrawingBalancer {
  protected override choose(request: PickRequest, tried: Tried): number {
    const first = this.draw.draw(tried);
    if (first === NO_BACKEND) return NO_BACKEND;
    const second = this.draw.draw(tried, first);
    return second !== NO_BACKEND && this.isBetter(second, first, request.nowMs) ? second : first;
  }

  /** Less loaded: open / weight, multiplied out: whole numbers, so that ties are ties. */
  protected isBetter(a: number, b: number, _nowMs: number): boolean {
    const all = this.candidates;
    return all.open(a) * all.weight(b) < all.open(b) * all.weight(a);
  }
}

/** Makes a balancer of the strategy `power_of_two_choices`. */
export function powerOfTwoChoices(inputs: BalancerInputs): Balancer {
  return new PowerOfTwoChoices(inputs);
}
