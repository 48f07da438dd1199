/**
 * An edit: what a request means, as a pure function from the current state to the changes of one commit. It is
 * decided again on the newest state whenever another writer came first. The edits themselves are in edits/.
 */
import type { Change } from './commit.ts';
import type { State } from './state.ts';
import type { Violation } from './violation.ts';

export type Edit = (state: State) => EditResult;

export type EditResult =
  /** No changes: the state is already as asked. */
  | {
      readonly ok: true;
      readonly changes: readonly Change[];
      /** What the caller should know besides the changes, in words. */
      readonly notes?: readonly string[];
    }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Refusal {
  readonly code: 'INVALID_ARGUMENT' | 'NOT_FOUND' | 'ALREADY_EXISTS' | 'FAILED_PRECONDITION' | 'ABORTED';
  /** One sentence that names the thing, says what is wrong and what to do. */
  readonly message: string;
  /** Every violation, for INVALID_ARGUMENT and FAILED_PRECONDITION. */
  readonly violations: readonly Violation[];
}
