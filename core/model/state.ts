/**
 * The configuration at one revision: the log folded up to there (fold.ts). Immutable.
 *
 * Invariants
 *  - the policy `default` always exists; every reference resolves; no two listeners overlap;
 *  - maps keep the order in which resources were created, the same at every replica.
 */
import type { Head } from './commit.ts';
import type { Backend, Listener, Policy, Pool, Resource } from './resources.ts';

export interface Stored<T> {
  readonly value: T;
  /** The commit that last changed it; 0: it has its delivered values. */
  readonly revision: number;
}

export interface StoredBackend extends Stored<Backend> {
  /**
   * When the commit that last changed its state was made, by the clock of its writer. Absent: a registration, or that
   * commit is older than a checkpoint of a program that did not keep it.
   */
  readonly stateSinceMs?: number;
}

export interface StoredPool extends Stored<Pool> {
  /** The commit that last changed the pool or one of its backends. */
  readonly revision: number;
  /** By address. */
  readonly backends: ReadonlyMap<string, StoredBackend>;
}

export interface State {
  readonly head: Head;
  readonly policies: ReadonlyMap<string, Stored<Policy>>;
  readonly pools: ReadonlyMap<string, StoredPool>;
  readonly listeners: ReadonlyMap<string, Stored<Listener>>;
}

export function byName<T>(stored: ReadonlyMap<string, T>): T[] {
  return [...stored].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

/** Undefined: there is no such pool. */
export function policyOf(state: State | null | undefined, pool: string): Policy | undefined {
  return state?.policies.get(state.pools.get(pool)?.value.policy ?? '')?.value;
}

/** Every resource; pools without their backends, which follow them. */
export function* resourcesOf(state: State): Generator<Resource> {
  for (const { value } of state.policies.values()) yield { kind: 'policy', value };
  for (const pool of state.pools.values()) {
    yield { kind: 'pool', value: pool.value };
    for (const { value } of pool.backends.values()) yield { kind: 'backend', value };
  }
  for (const { value } of state.listeners.values()) yield { kind: 'listener', value };
}
