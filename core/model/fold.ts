/**
 * The fold: a state and a commit make the next state.
 *
 * Invariants
 *  - total: it never throws and skips changes that it does not know or cannot apply, so that a newer program folds an old
 *    log and every replica arrives at the same state;
 *  - it does not modify the given state, and shares unchanged parts with it: equal references mean equal values.
 */
import type { Change, Commit } from './commit.ts';
import { DEFAULT_POLICY_NAME, POLICY_DEFAULTS } from './defaults.ts';
import { genesisHash } from './hash.ts';
import type { Kind, Listener, Policy, Resource } from './resources.ts';
import type { State, Stored, StoredBackend, StoredPool } from './state.ts';
import { headAfter } from './store-succession.ts';

const BUILT_IN_POLICY = {
  value: { name: DEFAULT_POLICY_NAME, ...POLICY_DEFAULTS },
  revision: 0,
};

/** The state before the first commit: nothing but the built-in policy. */
export function emptyState(storeId: string): State {
  return {
    head: { storeId, revision: 0, hash: genesisHash(storeId) },
    policies: new Map([[DEFAULT_POLICY_NAME, BUILT_IN_POLICY]]),
    pools: new Map(),
    listeners: new Map(),
  };
}

/** The state after one commit. */
export function applyCommit(state: State, commit: Commit): State {
  return applyCommits(state, [commit]);
}

/** The state after several commits. Each map is copied at most once. */
export function applyCommits(state: State, commits: readonly Commit[]): State {
  const next = new NextState(state);
  for (const { revision, changes, timeMs } of commits) {
    for (const change of changes) next.apply(change, revision, timeMs);
  }
  return next.finish(headAfter(state.head, commits));
}

/** The state that `changes` would lead to as the commit `revision`, before that commit exists. */
export function applyChanges(state: State, changes: readonly Change[], revision: number): State {
  const next = new NextState(state);
  for (const change of changes) next.apply(change, revision);
  return next.finish(state.head);
}

/** A map that is copied when it is first written to. */
class CopiedMap<T> {
  #map: ReadonlyMap<string, T>;
  #copy: Map<string, T> | undefined;

  constructor(map: ReadonlyMap<string, T>) {
    this.#map = map;
  }

  get current(): ReadonlyMap<string, T> {
    return this.#map;
  }

  get writable(): Map<string, T> {
    this.#copy ??= new Map(this.#map);
    this.#map = this.#copy;
    return this.#copy;
  }
}

/** A state under construction. */
class NextState {
  readonly #policies: CopiedMap<Stored<Policy>>;
  readonly #pools: CopiedMap<StoredPool>;
  readonly #listeners: CopiedMap<Stored<Listener>>;
  /** The maps of backends that are copied already, by pool. */
  readonly #backends = new Map<string, Map<string, StoredBackend>>();

  constructor({ policies, pools, listeners }: State) {
    this.#policies = new CopiedMap(policies);
    this.#pools = new CopiedMap(pools);
    this.#listeners = new CopiedMap(listeners);
  }

  /** `timeMs` is that of the commit, if there is one. */
  apply(change: Change, revision: number, timeMs?: number): void {
    if (change.op === 'put') this.#put(change.resource, revision, timeMs);
    else if (change.op === 'delete') this.#delete(change.kind, change.name, revision);
  }

  finish(head: State['head']): State {
    return {
      head,
      policies: this.#policies.current,
      pools: this.#pools.current,
      listeners: this.#listeners.current,
    };
  }

  #put(resource: Resource, revision: number, timeMs: number | undefined): void {
    switch (resource.kind) {
      case 'policy':
        this.#policies.writable.set(resource.value.name, { value: resource.value, revision });
        break;
      case 'pool': {
        const pools = this.#pools.writable;
        const { name } = resource.value;
        pools.set(name, {
          value: resource.value,
          revision,
          backends: pools.get(name)?.backends ?? new Map(),
        });
        break;
      }
      case 'backend':
        this.#changeBackends(resource.value.pool, revision, (backends) => {
          const { value } = resource;
          const before = backends.get(value.address);
          const sinceMs = before?.value.state === value.state ? before.stateSinceMs : timeMs;
          const stored = { value, revision, ...(sinceMs !== undefined && { stateSinceMs: sinceMs }) };
          backends.set(value.address, stored);
        });
        break;
      case 'listener':
        this.#listeners.writable.set(resource.value.name, { value: resource.value, revision });
        break;
    }
  }

  #delete(kind: Kind, name: string, revision: number): void {
    switch (kind) {
      case 'policy':
        if (name === DEFAULT_POLICY_NAME) this.#policies.writable.set(name, BUILT_IN_POLICY);
        else this.#policies.writable.delete(name);
        break;
      case 'pool':
        this.#pools.writable.delete(name);
        this.#backends.delete(name);
        break;
      case 'backend': {
        const slash = name.indexOf('/');
        this.#changeBackends(name.slice(0, slash), revision, (backends) =>
          backends.delete(name.slice(slash + 1)),
        );
        break;
      }
      case 'listener':
        this.#listeners.writable.delete(name);
        break;
    }
  }

  #changeBackends(
    poolName: string,
    revision: number,
    change: (backends: Map<string, StoredBackend>) => void,
  ): void {
    const pools = this.#pools.writable;
    const pool = pools.get(poolName);
    if (pool === undefined) return;
    let backends = this.#backends.get(poolName);
    if (backends === undefined) {
      backends = new Map(pool.backends);
      this.#backends.set(poolName, backends);
    }
    change(backends);
    pools.set(poolName, { value: pool.value, revision, backends });
  }
}
