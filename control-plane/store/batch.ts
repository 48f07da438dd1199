/**
 * One batch of proposals on its way into the log.
 *
 * Invariants
 *  - decided on the head as of now: the store is asked before anything is sent, so a store that is away costs nothing;
 *  - a slot decides: after an append without an answer nothing else is decided for its tickets until the log shows
 *    whether their commits are there. Meanwhile the same commits are sent again: both tries name the same parent, so
 *    at most one can win, and they are equal;
 *  - ends when every ticket is settled or left over, and so at the latest at the last deadline.
 */
import { type Backoff, backoff } from '../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { ConfigStore } from './config-store.ts';
import type { Followed, LogFollower } from './log-follower.ts';
import { type AppendPlan, type Decision, planAppend } from './plan-append.ts';
import type { Ticket } from './ticket.ts';

const RETRY_MIN_MS = 4;
const RETRY_MAX_MS = 500;

/** How an append ended, for metrics. */
export type AppendEnd = 'appended' | 'conflict' | 'unknown' | 'refused';

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
  readonly #left: Ticket[] = [];
  #tickets: readonly Ticket[];
  /** Sent without an answer. */
  #doubt: AppendPlan | undefined;

  constructor(tickets: readonly Ticket[], deps: BatchDeps) {
    this.#tickets = tickets;
    this.#deps = deps;
    this.#retry = backoff(RETRY_MIN_MS, RETRY_MAX_MS, deps.random);
  }

  /** Settles the tickets; gives back those that have to wait for another batch. */
  async settle(): Promise<Ticket[]> {
    while (this.#openTickets().length > 0) {
      const followed = await this.#catchUp();
      if (followed !== undefined) {
        const plan = this.#planOn(followed);
        if (plan.commits.length === 0) break;
        if (await this.#append(plan)) break;
      }
      if (this.#openTickets().length === 0) break;
      await sleep(this.#deps.clock, this.#retry.nextMs());
    }
    return this.#left.filter(({ open }) => open);
  }

  /** Undefined when the store can't tell: then tickets in doubt wait, and all others are told so. */
  async #catchUp(): Promise<Followed | undefined> {
    try {
      return await this.#deps.follower.catchUpToDecide();
    } catch (error) {
      if (this.#doubt === undefined) this.#rejectAll(withNothingWritten(error));
      return undefined;
    }
  }

  /** The plan in doubt as long as its slot is free; else a new one for whatever is still open. */
  #planOn({ state }: Followed): AppendPlan {
    if (this.#doubt !== undefined) {
      if (state.head.hash === this.#doubt.base.head.hash) return this.#doubt;
      this.#settleDoubt(this.#doubt);
      this.#doubt = undefined;
    }
    const plan = planAppend(this.#openTickets(), state, this.#deps.clock.wallMs(), (requestId) =>
      this.#deps.follower.requestOutcome(requestId),
    );
    this.#left.push(...plan.left);
    this.#tickets = plan.conditional.map(({ ticket }) => ticket);
    for (const decision of plan.certain) tell(decision);
    return plan;
  }

  /** Whether it is in the log for sure. */
  async #append(plan: AppendPlan): Promise<boolean> {
    for (const { ticket, commit } of plan.conditional) if (commit !== undefined) ticket.markSent();
    const end = await this.#tryAppend(plan);
    this.#deps.onAppend?.(end, plan.commits.length);
    if (end === 'appended') {
      // The follower learns it before the callers do, so that they find their change in what they read next.
      await this.#deps.follower.catchUp().catch(() => undefined);
      for (const decision of plan.conditional) tell(decision);
      return true;
    }
    if (end === 'unknown') this.#doubt = plan;
    if (this.#doubt === undefined) for (const { ticket } of plan.conditional) ticket.markNotSent();
    return false;
  }

  async #tryAppend(plan: AppendPlan): Promise<AppendEnd> {
    try {
      return (await this.#deps.store.append(plan.base.head, plan.commits)).outcome;
    } catch (error) {
      // Nothing of this try was sent. An earlier one without an answer stays in doubt.
      if (this.#doubt === undefined) this.#rejectAll(withNothingWritten(error));
      return 'refused';
    }
  }

  /** The slot is taken: by our commits, all of them, or by somebody else's, and then ours can't come any more. */
  #settleDoubt(plan: AppendPlan): void {
    const landed = plan.conditional.some(({ commit }) => commit !== undefined && this.#isInLog(commit));
    for (const decision of plan.conditional) {
      if (landed) tell(decision);
      else decision.ticket.markNotSent();
    }
  }

  #isInLog({ requestId, hash }: { readonly requestId: string; readonly hash: string }): boolean {
    return this.#deps.follower.requestOutcome(requestId)?.hash === hash;
  }

  #rejectAll(error: LbError): void {
    for (const ticket of this.#openTickets()) ticket.reject(error);
  }

  #openTickets(): readonly Ticket[] {
    return this.#tickets.filter(({ open }) => open);
  }
}

/** The error with the certainty that callers want: nothing was written. */
export function withNothingWritten(error: unknown): LbError {
  const known = error instanceof LbError;
  const message = messageOf(error);
  const full = message.includes('nothing was written') ? message : `${message}; nothing was written`;
  return new LbError(known ? error.code : 'UNAVAILABLE', full, known ? error.violations : [], error);
}

function tell({ ticket, result }: Decision): void {
  if (result instanceof LbError) ticket.reject(result);
  else ticket.resolve(result);
}
