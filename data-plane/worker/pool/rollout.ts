/** Performs what rollout-machine.ts decides: gives orders to workers, and tells which of them count. */
import type { Plan } from '../../plan/plan.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import { NO_WORKERS, type RolloutEffect, type RolloutEvent, stepRollout } from './rollout-machine.ts';

export interface RolloutOrders {
  /** Whether the worker obeyed. One that did not obey in time must be ended, and `gone` called for it. */
  order(worker: number, message: PlanOrder): Promise<boolean>;
  counts(worker: number): void;
}

export type PlanOrder = Extract<ToWorker, { type: 'prepare' | 'commit' }>;

export function isAnswerTo(order: PlanOrder, answer: FromWorker): boolean {
  if (order.type === 'prepare') return answer.type === 'prepared' && answer.sequence === order.plan.sequence;
  return answer.type === 'committed' && answer.sequence === order.sequence;
}

/** What a worker that obeyed has done, in words. */
export function done(order: PlanOrder): string {
  return order.type === 'prepare'
    ? `prepared plan ${order.plan.sequence}`
    : `committed plan ${order.sequence}`;
}

export class Rollout {
  readonly #orders: RolloutOrders;
  /** By sequence number: the plan that all run, and the one that they are brought to. */
  readonly #plans = new Map<number, Plan>();
  #state = NO_WORKERS;
  #applied: (sequence: number) => void = () => {};

  constructor(orders: RolloutOrders) {
    this.#orders = orders;
  }

  /** Resolves when no worker that counts runs an older plan. Call it again only then. */
  apply(plan: Plan): Promise<void> {
    this.#plans.set(plan.sequence, plan);
    return new Promise((resolve) => {
      this.#applied = (sequence) => {
        for (const each of this.#plans.keys()) if (each !== sequence) this.#plans.delete(each);
        resolve();
      };
      this.#step({ type: 'apply', sequence: plan.sequence });
    });
  }

  /** A worker, known by a number of its own, is ready for its first order. */
  started(worker: number): void {
    this.#step({ type: 'started', worker });
  }

  gone(worker: number): void {
    this.#step({ type: 'gone', worker });
  }

  #step(event: RolloutEvent): void {
    const { state, effects } = stepRollout(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: RolloutEffect): void {
    if (effect.type === 'applied') this.#applied(effect.sequence);
    else if (effect.type === 'counts') this.#orders.counts(effect.worker);
    else void this.#order(effect);
  }

  async #order({
    type,
    worker,
    sequence,
  }: Exclude<RolloutEffect, { type: 'counts' | 'applied' }>): Promise<void> {
    const message = type === 'prepare' ? { type, plan: this.#planOf(sequence) } : { type, sequence };
    if (await this.#orders.order(worker, message)) this.#step({ type: 'done', worker });
  }

  #planOf(sequence: number): Plan {
    const plan = this.#plans.get(sequence);
    if (!plan) throw new RangeError(`there is no plan ${sequence}`);
    return plan;
  }
}
