/**
 * Turns proposals into commits: group commit, retries after a conflict, and honest outcomes.
 *
 * Invariants
 *  - one batch at a time; the proposals that arrive meanwhile become the next one;
 *  - an acknowledged proposal is in the log, a refused one is not; otherwise the answer is OUTCOME_UNKNOWN
 *    (batch-machine.ts);
 *  - at most `queueLimit` proposals wait, none beyond its deadline.
 */
import { LbError } from '../../../core/runtime/errors.ts';
import { type BatchDeps, settleBatch } from './batch.ts';
import { MAX_APPEND_COMMITS } from './commit-codec.ts';
import { dryRun } from './plan-append.ts';
import {
  awaitOutcome,
  nothingWritten,
  type Outcome,
  type PendingProposal,
  type Proposal,
} from './proposal.ts';

const DEFAULT_QUEUE_LIMIT = 1_000;

export interface CommitterDeps extends BatchDeps {
  readonly queueLimit?: number;
}

export class Committer {
  readonly #deps: CommitterDeps;
  readonly #queueLimit: number;
  #waiting: PendingProposal[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(deps: CommitterDeps) {
    this.#deps = deps;
    this.#queueLimit = deps.queueLimit ?? DEFAULT_QUEUE_LIMIT;
  }

  /** Commits the change, or rejects with an LbError: see the invariants for what its code promises. */
  async propose(proposal: Proposal): Promise<Outcome> {
    if (this.#closed) throw stopping();
    if (proposal.dryRun) return this.#dryRun(proposal);
    if (this.#waiting.length >= this.#queueLimit) {
      const message = `${this.#queueLimit} changes are waiting already; nothing was written; use another replica`;
      throw new LbError('UNAVAILABLE', message);
    }
    const pending = awaitOutcome(proposal, this.#deps.clock);
    this.#waiting.push(pending);
    this.#running ??= this.#run();
    return pending.outcome;
  }

  /** Refuses what waits, and ends once what was sent is settled. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const proposal of this.#waiting.splice(0)) proposal.settle(stopping());
    await this.#running;
  }

  async #dryRun(proposal: Proposal): Promise<Outcome> {
    const { state } = await this.#deps.follower.catchUp().catch((error: unknown) => {
      throw nothingWritten(error);
    });
    return dryRun(proposal, state);
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.splice(0, MAX_APPEND_COMMITS);
        const postponed = await settleBatch(batch, this.#deps);
        if (this.#closed) for (const proposal of postponed) proposal.settle(stopping());
        else this.#waiting.unshift(...postponed);
      }
    } finally {
      // In the same turn as the last check of what waits: a proposal that came in between would be forgotten.
      this.#running = undefined;
    }
  }
}

function stopping(): LbError {
  const message = 'this control plane is stopping; nothing was written; use another replica';
  return new LbError('UNAVAILABLE', message);
}
