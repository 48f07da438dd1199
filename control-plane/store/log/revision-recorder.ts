/** Summarizes commits: which resources each one created, updated or deleted. */
import type { Change, Commit } from '../../../core/model/commit.ts';
import { DEFAULT_POLICY_NAME } from '../../../core/model/defaults.ts';
import type { Difference } from '../../../core/model/difference.ts';
import { type Kind, nameOf } from '../../../core/model/resources.ts';
import type { State } from '../../../core/model/state.ts';

const MAX_CHANGES = 1_000;

/** What a commit did to one resource, without the values. */
export type ChangeSummary = Pick<Difference, 'action' | 'kind' | 'name'>;

export interface RevisionRecord {
  readonly revision: number;
  readonly hash: string;
  readonly timeMs: number;
  readonly author: string;
  readonly message: string;
  readonly requestId: string;
  /** Only the first MAX_CHANGES; a deleted pool stands for its backends. */
  readonly changes: readonly ChangeSummary[];
}

/** It gets every commit that follows its first state, in order. */
export class RevisionRecorder {
  /** Every existing resource as KIND/NAME, to tell created from updated. */
  readonly #keys = new Set<string>([`policy/${DEFAULT_POLICY_NAME}`]);

  /** Without a state it begins with an empty store. */
  constructor(state?: State) {
    for (const name of state?.policies.keys() ?? []) this.#keys.add(`policy/${name}`);
    for (const [name, { backends }] of state?.pools ?? []) {
      this.#keys.add(`pool/${name}`);
      for (const address of backends.keys()) this.#keys.add(`backend/${name}/${address}`);
    }
    for (const name of state?.listeners.keys() ?? []) this.#keys.add(`listener/${name}`);
  }

  record(commit: Commit): RevisionRecord {
    const { revision, hash, timeMs, author, message, requestId } = commit;
    const changes = commit.changes.flatMap((change) => this.#summarize(change)).slice(0, MAX_CHANGES);
    return { revision, hash, timeMs, author, message, requestId, changes };
  }

  #summarize(change: Change): ChangeSummary[] {
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

  #forget(kind: Kind, name: string): ChangeSummary[] {
    if (kind === 'policy' && name === DEFAULT_POLICY_NAME) return [{ action: 'updated', kind, name }];
    if (kind === 'pool') {
      for (const key of this.#keys) if (key.startsWith(`backend/${name}/`)) this.#keys.delete(key);
    }
    return this.#keys.delete(`${kind}/${name}`) ? [{ action: 'deleted', kind, name }] : [];
  }
}
