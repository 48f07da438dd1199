/**
 * What a replica remembers of the commits that it followed: the outcome of every request, and summaries of the newest
 * revisions.
 *
 * Invariants
 *  - it gets every commit once, in order; `restart` says where commits were skipped, and `fill` brings those later;
 *  - the outcome of each known request_id is kept as long as its commit is in the log;
 *  - it holds at most MAX_REVISIONS summaries.
 */
import type { Commit } from '../../../core/model/commit.ts';
import type { State } from '../../../core/model/state.ts';
import { type ChangeSummary, RevisionRecorder, type RevisionRecord } from './revision-recorder.ts';

const MAX_REVISIONS = 1_000;

export interface RequestOutcome {
  readonly revision: number;
  readonly hash: string;
  readonly digest: string;
  /** Empty when the summary of that revision is no longer held. */
  readonly changes: readonly ChangeSummary[];
}

export class CommitIndex {
  readonly #outcomes = new Map<string, Omit<RequestOutcome, 'changes'>>();
  #revisions: RevisionRecord[] = [];
  #recorder = new RevisionRecorder();

  record(commit: Commit): void {
    this.fill(commit);
    this.#revisions.push(this.#recorder.record(commit));
    if (this.#revisions.length > MAX_REVISIONS) this.#revisions.shift();
  }

  /** The next commit follows this state, which came from a checkpoint. */
  restart(state: State): void {
    this.#revisions = [];
    this.#recorder = new RevisionRecorder(state);
  }

  /** A commit older than those that were followed. */
  fill({ revision, hash, requestId, requestDigest }: Commit): void {
    // If a request was ever committed twice, which no writer of ours does, its first outcome counts.
    const known = this.#outcomes.get(requestId);
    if (known !== undefined && known.revision <= revision) return;
    this.#outcomes.set(requestId, { revision, hash, digest: requestDigest });
  }

  /** Forgets the commits before `revision`, which are no longer in the log. */
  forgetBefore(revision: number): void {
    for (const [requestId, outcome] of this.#outcomes) {
      if (outcome.revision < revision) this.#outcomes.delete(requestId);
    }
    this.#revisions = this.#revisions.filter((record) => record.revision >= revision);
  }

  outcome(requestId: string): RequestOutcome | undefined {
    const outcome = this.#outcomes.get(requestId);
    if (outcome === undefined) return undefined;
    const oldest = this.#revisions[0]?.revision ?? 0;
    return { ...outcome, changes: this.#revisions[outcome.revision - oldest]?.changes ?? [] };
  }

  /** At most `limit` revisions older than `before`, newest first. */
  newest(limit: number, before = Number.POSITIVE_INFINITY): RevisionRecord[] {
    const older = this.#revisions.filter(({ revision }) => revision < before);
    return older.slice(-limit).reverse();
  }
}
