/**
 * Least connections: the eligible candidate with the fewest open connections per weight (the "weighted least
 * connection" of LVS, W. Zhang, 2000). Ties go to the one that a weighted draw comes upon first, so that several
 * workers and proxies do not all rush to the same backend, and idle backends share by weight.
 *
 * Guarantee: no eligible untried candidate had fewer open connections per weight, over all workers of this proxy.
 * Cost: one pass over the eligible candidates, ended early at an idle one; some 5 µs a thousand backends that are
 * all busy. For pools of many thousands under high rates take power_of_two_choices. No allocation.
 * Invariant: the pass visits each eligible candidate at most once.
 */
import { type Balancer, type BalancerInputs, type PickRequest, NO_BACKEND, type Tried } from './balancer.ts';
import { DrawingBalancer } from './drawing-balancer.ts';

class LeastConnections extends DrawingBalancer {
  protected override choose(_request: PickRequest, tried: Tried): number {
    const all = this.candidates;
    const size = this.draw.size;
    let best = NO_BACKEND;
    let bestOpen = 0;
    let bestWeight = 1;
    let place = this.draw.drawPlace();
    for (let visited = 0; visited < size; visited++) {
      const candidate = this.draw.at(place);
      place = place + 1 === size ? 0 : place + 1;
      const open = all.open(candidate);
      const weight = all.weight(candidate);
      // open / weight, multiplied out: whole numbers, so that ties are ties.
      if (best !== NO_BACKEND && open * bestWeight >= bestOpen * weight) continue;
      if (tried.size > 0 && tried.has(candidate)) continue;
      if (open === 0) return candidate;
      best = candidate;
      bestOpen = open;
      bestWeight = weight;
    }
    return best;
  }
}

/** Makes a balancer of the strategy `least_connections`. */
export function leastConnections(inputs: BalancerInputs): Balancer {
  return new LeastConnections(inputs);
}
