/**
 * An edit: the meaning of a request, as a pure function from the current state to the changes of one commit. It runs
 * again on the newest state whenever another writer came first. The other files of this folder are the edits.
 */
import type { Change } from '../commit.ts';
import type { State } from '../state.ts';
import type { Violation } from '../violation.ts';

export type Edit = (state: State) => EditResult;

export type EditResult =
  /** No changes: the state is already as requested. */
  | {
      readonly ok: true;
      readonly changes: readonly Change[];
      /** Sentences that the caller should read besides the changes. */
      readonly notes?: readonly string[];
    }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Refusal {
  readonly code: 'INVALID_ARGUMENT' | 'NOT_FOUND' | 'ALREADY_EXISTS' | 'FAILED_PRECONDITION' | 'ABORTED';
  /** One sentence that names the resource and says what is wrong and what to do. */
  readonly message: string;
  /** Every violation, for INVALID_ARGUMENT and FAILED_PRECONDITION. */
  readonly violations: readonly Violation[];
}
