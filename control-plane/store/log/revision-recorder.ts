/** Summarizes commits: which resources each one created, updated or deleted, and what it changed in them. */
import type { Change, Commit } from '../../../core/model/commit.ts';
import { DEFAULT_POLICY_NAME, POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import type { Difference } from '../../../core/model/difference.ts';
import { type Kind, keyOf, nameOf, type Resource } from '../../../core/model/resources.ts';
import { emptyState } from '../../../core/model/fold.ts';
import type { State } from '../../../core/model/state.ts';
import {
  type ChangedResource,
  changeDetails,
  type ResourceChange,
} from '../../../core/view/change-details.ts';

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
  readonly resources: readonly ChangedResource[];
}

const BUILT_IN_POLICY: Resource = {
  kind: 'policy',
  value: { name: DEFAULT_POLICY_NAME, ...POLICY_DEFAULTS },
};

/** It gets every commit that follows its first state, in order. */
export class RevisionRecorder {
  /** Every resource but the backends, by kind and name. */
  readonly #resources = new Map<string, Resource>();
  /** By pool, then by POOL/ADDRESS. */
  readonly #backends = new Map<string, Map<string, Resource>>();

  /** Without a state it begins with an empty store. */
  constructor({ policies, pools, listeners }: State = emptyState('')) {
    for (const { value } of policies.values()) this.#put({ kind: 'policy', value });
    for (const { value, backends } of pools.values()) {
      this.#put({ kind: 'pool', value });
      for (const backend of backends.values()) this.#put({ kind: 'backend', value: backend.value });
    }
    for (const { value } of listeners.values()) this.#put({ kind: 'listener', value });
  }

  record(commit: Commit): RevisionRecord {
    const { revision, hash, timeMs, author, message, requestId } = commit;
    const all = commit.changes.flatMap((change) => this.#follow(change));
    const changes = all.slice(0, MAX_CHANGES).map(({ action, kind, name }) => ({ action, kind, name }));
    return { revision, hash, timeMs, author, message, requestId, changes, resources: changeDetails(all) };
  }

  #follow(change: Change): ResourceChange[] {
    if (change.op === 'put') {
      const { resource: after } = change;
      const { kind } = after;
      const before = this.#put(after);
      const name = nameOf(after);
      return [
        before ? { action: 'updated', kind, name, before, after } : { action: 'created', kind, name, after },
      ];
    }
    return change.op === 'delete' ? this.#delete(change.kind, change.name) : [];
  }

  /** Returns what was there before. */
  #put(resource: Resource): Resource | undefined {
    const { kind, value } = resource;
    const own = kind === 'backend' ? this.#backendsOf(value.pool) : this.#resources;
    const key = kind === 'backend' ? nameOf(resource) : keyOf(resource);
    const before = own.get(key);
    own.set(key, resource);
    return before;
  }

  #delete(kind: Kind, name: string): ResourceChange[] {
    if (kind === 'policy' && name === DEFAULT_POLICY_NAME) {
      const before = this.#put(BUILT_IN_POLICY) ?? BUILT_IN_POLICY;
      return [{ action: 'updated', kind, name, before, after: BUILT_IN_POLICY }];
    }
    if (kind === 'pool') this.#backends.delete(name);
    const own = kind === 'backend' ? this.#backendsOf(name.slice(0, name.indexOf('/'))) : this.#resources;
    const key = kind === 'backend' ? name : `${kind}/${name}`;
    const before = own.get(key);
    return own.delete(key) && before ? [{ action: 'deleted', kind, name, before }] : [];
  }

  #backendsOf(pool: string): Map<string, Resource> {
    const backends = this.#backends.get(pool) ?? new Map<string, Resource>();
    this.#backends.set(pool, backends);
    return backends;
  }
}
