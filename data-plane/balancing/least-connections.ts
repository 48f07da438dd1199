/**
 * Least connections: the eligible candidate with the fewest open connections per weight (the "weighted least
 * connection" of LVS, W. Zhang, 2000). Ties go to the candidate that comes first from the position of a weighted draw,
 * so that workers and proxies do not all choose the same backend, and idle backends share by weight.
 *
 * Guarantee: no eligible untried candidate had fewer open connections per weight, over all workers of this proxy.
 * Cost: one pass over the eligible candidates, ended early at an idle one; about 5 µs per thousand backends that are
 * all busy. Pools of many thousands with high rates should use power_of_two_choices. No allocation.
 * Invariant: the pass visits each eligible candidate at most once.
 */
import { NO_BACKEND, type PickRequest, type Tried } from './balancer.ts';
import { DrawingBalancer } from './drawing-balancer.ts';

export class LeastConnections extends DrawingBalancer {
  protected override choose(_request: PickRequest, tried: Tried): number {
    const all = this.candidates;
    const size = this.draw.size;
    let best = NO_BACKEND;
    let bestOpen = 0;
    let bestWeight = 1;
    let position = this.draw.drawPosition();
    for (let visited = 0; visited < size; visited++) {
      const candidate = this.draw.at(position);
      position = position + 1 === size ? 0 : position + 1;
      const open = all.open(candidate);
      const weight = all.weight(candidate);
      // open / weight, multiplied out: whole numbers, so that ties are ties.
      if (best !== NO_BACKEND && open * bestWeight >= bestOpen * weight) continue;
      if (!tried.isEmpty && tried.has(candidate)) continue;
      if (open === 0) return candidate;
      best = candidate;
      bestOpen = open;
      bestWeight = weight;
    }
    return best;
  }
}
