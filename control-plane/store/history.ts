/**
 * What is remembered of the commits that were followed: the outcome of every request, and the newest revisions in words.
 *
 * Invariants
 *  - fed with every commit once, in order;
 *  - the outcome of each known request_id is kept for as long as its commit is in the log;
 *  - at most MAX_REVISIONS revisions, each with at most MAX_LABELS changes.
 */
import type { Change, Commit } from '../../core/model/commit.ts';
import { DEFAULT_POLICY_NAME } from '../../core/model/defaults.ts';
import type { Difference } from '../../core/model/difference.ts';
import { type Kind, nameOf } from '../../core/model/resources.ts';

const MAX_REVISIONS = 1_000;
const MAX_LABELS = 1_000;

/** What a commit did to one resource, its values left out. */
export type ChangeLabel = Pick<Difference, 'action' | 'kind' | 'name'>;

export interface RequestOutcome {
  readonly revision: number;
  readonly hash: string;
  readonly digest: string;
  /** Empty when that revision is no longer among the remembered ones. */
  readonly changes: readonly ChangeLabel[];
}

export interface RevisionRecord {
  readonly revision: number;
  readonly hash: string;
  readonly timeMs: number;
  readonly author: string;
  readonly message: string;
  readonly requestId: string;
  /** Capped; a deleted pool stands for its backends. */
  readonly changes: readonly ChangeLabel[];
}

export class History {
  readonly #outcomes = new Map<string, Omit<RequestOutcome, 'changes'>>();
  readonly #revisions: RevisionRecord[] = [];
  /** Every resource there is, as KIND/NAME, to tell created from updated. */
  readonly #keys = new Set<string>([`policy/${DEFAULT_POLICY_NAME}`]);

  record(commit: Commit): void {
    const { revision, hash, requestId, requestDigest, timeMs, author, message } = commit;
    // A request that was committed twice (which no writer of ours does) keeps its first outcome.
    if (!this.#outcomes.has(requestId))
      this.#outcomes.set(requestId, { revision, hash, digest: requestDigest });
    const changes = commit.changes.flatMap((change) => this.#label(change)).slice(0, MAX_LABELS);
    this.#revisions.push({ revision, hash, timeMs, author, message, requestId, changes });
    if (this.#revisions.length > MAX_REVISIONS) this.#revisions.shift();
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

  #label(change: Change): ChangeLabel[] {
    if (change.op === 'put') {
      const { kind } = change.resource;
      const name = nameOf(change.resource);
      const action = this.#keys.has(`${kind}/${name}`) ? 'updated' : 'created';
      this.#keys.add(`${kind}/${name}`);
      return [{ action, kind, name }];
    }
    if (change.op !== 'delete') return [];
    return this.#forget(change.kind, change.name);
  }

  #forget(kind: Kind, name: string): ChangeLabel[] {
    if (kind === 'policy' && name === DEFAULT_POLICY_NAME) return [{ action: 'updated', kind, name }];
    if (kind === 'pool') {
      for (const key of this.#keys) if (key.startsWith(`backend/${name}/`)) this.#keys.delete(key);
    }
    return this.#keys.delete(`${kind}/${name}`) ? [{ action: 'deleted', kind, name }] : [];
  }
}
