/**
 * What is remembered of the commits that were followed: the outcome of every request, and the newest revisions in words.
 *
 * Invariants
 *  - fed with every commit once, in order; `restart` says where commits were passed over, and `fill` what those were;
 *  - the outcome of each known request_id is kept for as long as its commit is in the log;
 *  - at most MAX_REVISIONS revisions.
 */
import type { Commit } from '../../../core/model/commit.ts';
import type { State } from '../../../core/model/state.ts';
import { type ChangeSummary, RevisionRecorder, type RevisionRecord } from './revision-recorder.ts';

const MAX_REVISIONS = 1_000;

export interface RequestOutcome {
  readonly revision: number;
  readonly hash: string;
  readonly digest: string;
  /** Empty when that revision is no longer among the remembered ones. */
  readonly changes: readonly ChangeSummary[];
}

export class CommitIndex {
  readonly #outcomes = new Map<string, Omit<RequestOutcome, 'changes'>>();
  #revisions: RevisionRecord[] = [];
  #labels = new RevisionRecorder();

  record(commit: Commit): void {
    this.fill(commit);
    this.#revisions.push(this.#labels.record(commit));
    if (this.#revisions.length > MAX_REVISIONS) this.#revisions.shift();
  }

  /** What comes next follows this state, which a checkpoint gave. */
  restart(state: State): void {
    this.#revisions = [];
    this.#labels = new RevisionRecorder(state);
  }

  /** A commit before the ones that were followed. */
  fill({ revision, hash, requestId, requestDigest }: Commit): void {
    // A request that was committed twice (which no writer of ours does) keeps its first outcome.
    const known = this.#outcomes.get(requestId);
    if (known !== undefined && known.revision <= revision) return;
    this.#outcomes.set(requestId, { revision, hash, digest: requestDigest });
  }

  /** Forgets the outcomes of commits before `revision`: they are no longer in the log. */
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
