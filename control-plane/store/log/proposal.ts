/** A change that a client proposes, and what it is told about it. */
import type { Difference } from '../../../core/model/difference.ts';
import type { Edit } from '../../../core/model/edits/edit.ts';
import type { Clock } from '../../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';

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
  /** The commit it made; the current one when nothing had to change or it was a dry run. */
  readonly revision: number;
  readonly unchanged: boolean;
  /** This request_id was committed before; `changes` then come without the values. */
  readonly repeated: boolean;
  readonly dryRun: boolean;
  readonly changes: readonly Difference[];
  /** Remarks of the edit. They are not stored, so a repeated request has none. */
  readonly notes: readonly string[];
}

/** A proposal whose client waits: it is settled exactly once, at the latest when its deadline passes. */
export interface PendingProposal extends Proposal {
  readonly outcome: Promise<Outcome>;
  isOpen(): boolean;
  /** True: its commit may be in the log, now or later. False: it is not, and never will be. */
  markSent(sent: boolean): void;
  settle(result: Outcome | LbError): void;
}

export function awaitOutcome(proposal: Proposal, clock: Clock): PendingProposal {
  let sent = false;
  let open = true;
  let settle!: PendingProposal['settle'];
  const outcome = new Promise<Outcome>((resolve, reject) => {
    const timer = clock.after(proposal.deadlineMs, () => settle(expired(proposal.requestId, sent)));
    settle = (result) => {
      if (!open) return;
      open = false;
      timer.cancel();
      if (result instanceof LbError) reject(result);
      else resolve(result);
    };
  });
  const markSent = (now: boolean) => {
    sent = now;
  };
  return { ...proposal, outcome, settle, isOpen: () => open, markSent };
}

function expired(requestId: string, sent: boolean): LbError {
  return sent
    ? new LbError(
        'OUTCOME_UNKNOWN',
        `the store received the change but has not confirmed yet that it is committed; repeat the request with the same request_id (${requestId}) to find out`,
      )
    : new LbError(
        'UNAVAILABLE',
        'the deadline passed before the change was sent to the store; nothing was written',
      );
}

/** The error with the certainty that callers need, always in the same words: people search for them. */
export function nothingWritten(error: unknown): LbError {
  const { code, violations } =
    error instanceof LbError ? error : ({ code: 'UNAVAILABLE', violations: [] } as const);
  const text = messageOf(error).replace(/[\s,;:.]+$/, '');
  return new LbError(code, `${text}; nothing was written`, violations, error);
}
