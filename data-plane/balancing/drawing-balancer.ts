/**
 * The common part of the strategies that draw at random: a weighted draw over the eligible candidates, and the
 * reservation of the chosen one.
 *
 * Invariant: a candidate is reserved only here, once for each pick that returns it.
 */
import {
  type Balancer,
  type BalancerInputs,
  type Candidates,
  type PickRequest,
  NO_BACKEND,
  type Tried,
} from './balancer.ts';
import { WeightedDraw } from './weighted-draw.ts';

export abstract class DrawingBalancer implements Balancer {
  protected readonly candidates: Candidates;
  protected readonly draw: WeightedDraw;

  constructor({ candidates, random }: BalancerInputs) {
    this.candidates = candidates;
    this.draw = new WeightedDraw(candidates, random);
  }

  pick(request: PickRequest, tried: Tried): number {
    this.draw.refresh();
    const chosen = this.choose(request, tried);
    if (chosen !== NO_BACKEND) this.candidates.reserve(chosen);
    return chosen;
  }

  release(candidate: number): void {
    this.candidates.unreserve(candidate);
  }

  /** An eligible candidate that is not in `tried`, or NO_BACKEND. The draw is up to date; nothing is reserved yet. */
  protected abstract choose(request: PickRequest, tried: Tried): number;
}
