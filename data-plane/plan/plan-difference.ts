/**
 * What changes from one plan to the next, for those who hold something by name or row: listening sockets, drain
 * deadlines, balancers.
 *
 * Invariants
 *  - listeners are told apart by address: one that was renamed or moved to another pool keeps its socket;
 *  - backends are told apart by row and generation.
 */
import { NO_BACKEND } from '../balancing/balancer.ts';
import type { PlanPool } from './plan.ts';
import type { BuiltPlan, DirectoryBackend, DirectoryListener } from './plan-directory.ts';

export interface PlanDifference {
  readonly listenersAdded: readonly DirectoryListener[];
  readonly listenersRemoved: readonly DirectoryListener[];
  /** May take connections now and might not before, or had to go before: whatever deadline they had is void. */
  readonly activated: readonly DirectoryBackend[];
  /** Were active and are draining, disabled or gone now. */
  readonly retired: readonly RetiredBackend[];
}

export interface RetiredBackend {
  readonly backend: DirectoryBackend;
  readonly why: 'draining' | 'disabled' | 'removed';
  /** From its pool's policy: how long its connections may stay; 0: for ever. */
  readonly drainTimeoutMs: number;
}

export function planDifference(from: BuiltPlan | null, to: BuiltPlan): PlanDifference {
  const listenersBefore = new Set(from?.directory.listeners.map(({ address }) => address));
  const listenersNow = new Set(to.directory.listeners.map(({ address }) => address));
  const before = indexBackends(from);
  const now = indexBackends(to);
  return {
    listenersAdded: to.directory.listeners.filter(({ address }) => !listenersBefore.has(address)),
    listenersRemoved: from?.directory.listeners.filter(({ address }) => !listenersNow.has(address)) ?? [],
    activated: activated(before, now),
    retired: retired(before, now),
  };
}

interface Indexed {
  readonly backend: DirectoryBackend;
  readonly drainTimeoutMs: number;
}

function indexBackends(built: BuiltPlan | null): Map<string, Indexed> {
  const index = new Map<string, Indexed>();
  for (const { backends, policy } of built?.directory.pools ?? []) {
    for (const backend of backends) {
      index.set(`${backend.row}:${backend.generation}`, { backend, drainTimeoutMs: policy.drainTimeoutMs });
    }
  }
  return index;
}

function activated(
  before: ReadonlyMap<string, Indexed>,
  now: ReadonlyMap<string, Indexed>,
): DirectoryBackend[] {
  const found: DirectoryBackend[] = [];
  for (const [key, { backend }] of now) {
    if (backend.state === 'active' && before.get(key)?.backend.state !== 'active') found.push(backend);
  }
  return found;
}

function retired(before: ReadonlyMap<string, Indexed>, now: ReadonlyMap<string, Indexed>): RetiredBackend[] {
  const found: RetiredBackend[] = [];
  for (const [key, { backend, drainTimeoutMs }] of before) {
    const next = now.get(key);
    if (!next) {
      // One that was draining already keeps the deadline it has.
      if (backend.state === 'active') found.push({ backend, why: 'removed', drainTimeoutMs });
    } else if (backend.state === 'active' && next.backend.state !== 'active') {
      found.push({ backend: next.backend, why: next.backend.state, drainTimeoutMs: next.drainTimeoutMs });
    }
  }
  return found;
}

/** Where a pool's candidates of the plan before stand in the next: `previous.moved` of its balancer. O(n). */
export function movedCandidates(from: PlanPool, to: PlanPool): Int32Array {
  // Plain loops: this runs in the workers, between two batches, and callbacks cost ten times as much.
  const moved = new Int32Array(from.rows.length);
  if (isSameArray(from.rows, to.rows)) {
    for (let candidate = 0; candidate < moved.length; candidate++) moved[candidate] = candidate;
    return moved;
  }
  const candidateOf = new Map<number, number>();
  for (let candidate = 0; candidate < to.rows.length; candidate++) {
    candidateOf.set(to.rows[candidate]!, candidate); // `!`: below the length, here and there.
  }
  for (let candidate = 0; candidate < moved.length; candidate++) {
    moved[candidate] = candidateOf.get(from.rows[candidate]!) ?? NO_BACKEND;
  }
  return moved;
}

/** Whether two arrays hold the same numbers. */
export function isSameArray(a: Int32Array | Uint16Array, b: Int32Array | Uint16Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
