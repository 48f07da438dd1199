/**
 * Turns proposals into commits: group commit, retries after a conflict, and honest outcomes.
 *
 * Invariants
 *  - one batch at a time; what waits meanwhile becomes the next one;
 *  - acknowledged means in the log; refused means not in the log; else the answer is OUTCOME_UNKNOWN (batch-machine.ts);
 *  - at most `queueLimit` proposals wait, none beyond its deadline.
 */
import { LbError } from '../../../core/runtime/errors.ts';
import { Batch, type BatchDeps } from './batch.ts';
import { withNothingWritten } from './batch-machine.ts';
import { MAX_APPEND_COMMITS } from './commit-codec.ts';
import { tryOut } from './plan-append.ts';
import { type Outcome, type Proposal, Ticket } from './proposal.ts';

const DEFAULT_QUEUE_LIMIT = 1_000;

export interface CommitterDeps extends BatchDeps {
  readonly queueLimit?: number;
}

export class Committer {
  readonly #deps: CommitterDeps;
  readonly #queueLimit: number;
  #waiting: Ticket[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(deps: CommitterDeps) {
    this.#deps = deps;
    this.#queueLimit = deps.queueLimit ?? DEFAULT_QUEUE_LIMIT;
  }

  /** Commits what the proposal asks for, or rejects with an LbError: see the invariants for what its code promises. */
  async propose(proposal: Proposal): Promise<Outcome> {
    if (this.#closed) throw stopping();
    if (proposal.dryRun) return this.#tryOut(proposal);
    if (this.#waiting.length >= this.#queueLimit) {
      const message = `${this.#queueLimit} changes are waiting already; nothing was written: try again in a moment`;
      throw new LbError('UNAVAILABLE', message);
    }
    const ticket = new Ticket(proposal, this.#deps.clock);
    this.#waiting.push(ticket);
    this.#running ??= this.#run();
    return ticket.outcome;
  }

  /** Refuses what waits, and ends once what was sent is settled. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const ticket of this.#waiting.splice(0)) ticket.reject(stopping());
    await this.#running;
  }

  async #tryOut(proposal: Proposal): Promise<Outcome> {
    const { state } = await this.#deps.follower.catchUp().catch((error: unknown) => {
      throw withNothingWritten(error);
    });
    return tryOut(proposal, state);
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = new Batch(this.#waiting.splice(0, MAX_APPEND_COMMITS), this.#deps);
        const left = await batch.settle();
        if (this.#closed) for (const ticket of left) ticket.reject(stopping());
        else this.#waiting.unshift(...left);
      }
    } finally {
      // In the same turn as the last look at what waits: a proposal that comes in between would be left lying.
      this.#running = undefined;
    }
  }
}

function stopping(): LbError {
  return new LbError('UNAVAILABLE', 'this control plane is stopping; nothing was written: ask another one');
}
