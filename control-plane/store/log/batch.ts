/**
 * One batch of proposals on its way into the log: performs what batch-machine.ts decides.
 *
 * Invariant: ends when every ticket is settled or left over, and so at the latest at the last deadline.
 */
import { type Backoff, backoff } from '../../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { Random } from '../../../core/runtime/random.ts';
import { type AppendEnd, type BatchEffect, type BatchEvent, openBatch, stepBatch } from './batch-machine.ts';
import type { ConfigStore } from '../config-store.ts';
import type { LogFollower } from './log-follower.ts';
import type { AppendPlan, Decision } from './plan-append.ts';
import type { Ticket } from './proposal.ts';

const RETRY_MIN_MS = 4;
const RETRY_MAX_MS = 500;

export interface BatchDeps {
  readonly store: ConfigStore;
  readonly follower: LogFollower;
  readonly clock: Clock;
  readonly random: Random;
  /** Called after each append that was tried. */
  readonly onAppend?: (end: AppendEnd, commits: number) => void;
}

export class Batch {
  readonly #deps: BatchDeps;
  readonly #retry: Backoff;
  readonly #tickets: readonly Ticket[];

  constructor(tickets: readonly Ticket[], deps: BatchDeps) {
    this.#tickets = tickets;
    this.#deps = deps;
    this.#retry = backoff(RETRY_MIN_MS, RETRY_MAX_MS, deps.random);
  }

  /** Settles the tickets; gives back those that have to wait for another batch. */
  async settle(): Promise<Ticket[]> {
    let { state, effects } = openBatch(this.#tickets);
    while (state.phase !== 'ended') {
      const event = await this.#perform(effects);
      for (const ticket of state.tickets)
        if (!ticket.open) ({ state } = stepBatch(state, { type: 'expired', ticket }));
      ({ state, effects } = stepBatch(state, event));
    }
    this.#performNow(effects);
    return state.left.filter(({ open }) => open);
  }

  /** The event that answers the last effect: the only one that there is something to wait for. */
  #perform(effects: readonly BatchEffect<Ticket>[]): Promise<BatchEvent<Ticket>> {
    this.#performNow(effects);
    const last = effects.at(-1);
    if (last?.type === 'look') return this.#look();
    if (last?.type === 'append') return this.#append(last.plan);
    return last?.type === 'learn' ? this.#learn() : this.#pause();
  }

  #performNow(effects: readonly BatchEffect<Ticket>[]): void {
    for (const effect of effects) {
      if (effect.type === 'sent') effect.ticket.markSent();
      else if (effect.type === 'not-sent') effect.ticket.markNotSent();
      else if (effect.type === 'tell') tell(effect.decision);
    }
  }

  async #look(): Promise<BatchEvent<Ticket>> {
    const { follower, clock } = this.#deps;
    try {
      const { state } = await follower.catchUpToDecide();
      const committed = (requestId: string) => follower.requestOutcome(requestId);
      return { type: 'looked', state, timeMs: clock.wallMs(), committed };
    } catch (error) {
      return { type: 'look-failed', error };
    }
  }

  async #append({ base, commits }: AppendPlan): Promise<BatchEvent<Ticket>> {
    const { store, onAppend } = this.#deps;
    let event: { readonly end: AppendEnd; readonly error?: unknown };
    try {
      event = { end: (await store.append(base.head, commits)).outcome };
    } catch (error) {
      event = { end: 'refused', error };
    }
    onAppend?.(event.end, commits.length);
    return { type: 'append-ended', ...event };
  }

  async #learn(): Promise<BatchEvent<Ticket>> {
    await this.#deps.follower.catchUp().catch(() => undefined);
    return { type: 'learnt' };
  }

  async #pause(): Promise<BatchEvent<Ticket>> {
    await sleep(this.#deps.clock, this.#retry.nextMs());
    return { type: 'paused' };
  }
}

function tell({ ticket, result }: Decision): void {
  if (result instanceof LbError) ticket.reject(result);
  else ticket.resolve(result);
}
