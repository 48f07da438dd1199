/**
 * A proposal on its way: settled exactly once, at the latest when its deadline passes.
 *
 * Invariant: once its commit may have been sent, a passed deadline says OUTCOME_UNKNOWN; before that it says that
 * nothing was written, and then nothing will be.
 */
import type { Difference } from '../../../core/model/difference.ts';
import type { Edit } from '../../../core/model/edit.ts';
import type { Clock, Timer } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';

export interface Proposal {
  readonly edit: Edit;
  readonly requestId: string;
  readonly requestDigest: string;
  readonly author: string;
  readonly message: string;
  readonly dryRun: boolean;
  /** How long to wait for the outcome. */
  readonly deadlineMs: number;
}

export interface Outcome {
  /** The commit it made, or the current one when nothing had to change or it was a dry run. */
  readonly revision: number;
  readonly unchanged: boolean;
  /** This request_id was committed before; `changes` then come without the values. */
  readonly repeated: boolean;
  readonly dryRun: boolean;
  readonly changes: readonly Difference[];
  /** What the edit had to say besides; not kept, so a repeated request has none. */
  readonly notes: readonly string[];
}

/** What is decided on: all that decisions see of a ticket. */
export interface Proposed {
  readonly proposal: Proposal;
}

/** What a passed deadline says. `sent`: its commit may be in the log, now or later. */
function expiry(requestId: string, sent: boolean): LbError {
  return sent
    ? new LbError(
        'OUTCOME_UNKNOWN',
        `the store took the change and has not said yet whether it is committed; repeat the request with the same request_id (${requestId}) to learn it`,
      )
    : new LbError(
        'UNAVAILABLE',
        'the deadline passed before the change was sent to the store; nothing was written',
      );
}

export class Ticket implements Proposed {
  readonly proposal: Proposal;
  readonly outcome: Promise<Outcome>;
  readonly #timer: Timer;
  #resolve!: (outcome: Outcome) => void;
  #reject!: (error: LbError) => void;
  #sent = false;
  #open = true;

  constructor(proposal: Proposal, clock: Clock) {
    this.proposal = proposal;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = clock.after(proposal.deadlineMs, () => this.#expire());
  }

  /** Not settled yet. */
  get open(): boolean {
    return this.#open;
  }

  /** From here on its commit may be in the log, now or later. */
  markSent(): void {
    this.#sent = true;
  }

  /** It has turned out that its commit is not in the log and never will be. */
  markNotSent(): void {
    this.#sent = false;
  }

  resolve(outcome: Outcome): void {
    if (this.#close()) this.#resolve(outcome);
  }

  reject(error: LbError): void {
    if (this.#close()) this.#reject(error);
  }

  #expire(): void {
    this.reject(expiry(this.proposal.requestId, this.#sent));
  }

  #close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#timer.cancel();
    return true;
  }
}
