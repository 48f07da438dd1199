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
import type { BuiltPlan, DirectoryBackend, DirectoryListener, DirectoryPool } from './plan-directory.ts';

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
  const { before, now } = differing(from, to);
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

/**
 * What is not the same object in both plans, by row: within one plan a row has one owner. A backend that nothing
 * happened to is the same object in both (build-plan.ts), and nearly all of them are.
 */
function differing(
  from: BuiltPlan | null,
  to: BuiltPlan,
): { readonly before: Map<number, Indexed>; readonly now: Map<number, Indexed> } {
  const before = new Map<number, Indexed>();
  const now = new Map<number, Indexed>();
  const poolsBefore = new Map(from?.directory.pools.map((pool) => [pool.row, pool]));
  for (const pool of to.directory.pools) {
    const old = poolsBefore.get(pool.row);
    poolsBefore.delete(pool.row);
    compare(old, pool, before, now);
  }
  for (const gone of poolsBefore.values()) compare(gone, undefined, before, now);
  return { before, now };
}

/** Backends are sorted by address in both: one walk along both finds those that differ. */
function compare(
  from: DirectoryPool | undefined,
  to: DirectoryPool | undefined,
  before: Map<number, Indexed>,
  now: Map<number, Indexed>,
): void {
  const [old, fresh] = [from?.backends ?? [], to?.backends ?? []];
  for (let at = 0, index = 0; at < old.length || index < fresh.length; ) {
    const [one, other] = [old[at], fresh[index]];
    const order = orderOf(one, other);
    if (order <= 0) at += 1;
    if (order >= 0) index += 1;
    if (one === other) continue;
    if (order <= 0) note(one, from, before);
    if (order >= 0) note(other, to, now);
  }
}

/** Below 0: the first comes first; 0: both are of one address. At the end of a list the other one's is next. */
function orderOf(one: DirectoryBackend | undefined, other: DirectoryBackend | undefined): number {
  if (!one) return 1;
  if (!other) return -1;
  if (one === other || one.address === other.address) return 0;
  return one.address < other.address ? -1 : 1;
}

function note(
  backend: DirectoryBackend | undefined,
  pool: DirectoryPool | undefined,
  index: Map<number, Indexed>,
): void {
  if (backend && pool) index.set(backend.row, { backend, drainTimeoutMs: pool.policy.drainTimeoutMs });
}

function sameIn(index: ReadonlyMap<number, Indexed>, backend: DirectoryBackend): Indexed | undefined {
  const found = index.get(backend.row);
  return found?.backend.generation === backend.generation ? found : undefined;
}

function activated(
  before: ReadonlyMap<number, Indexed>,
  now: ReadonlyMap<number, Indexed>,
): DirectoryBackend[] {
  const found: DirectoryBackend[] = [];
  for (const { backend } of now.values()) {
    if (backend.state === 'active' && sameIn(before, backend)?.backend.state !== 'active')
      found.push(backend);
  }
  return found;
}

function retired(before: ReadonlyMap<number, Indexed>, now: ReadonlyMap<number, Indexed>): RetiredBackend[] {
  const found: RetiredBackend[] = [];
  for (const { backend, drainTimeoutMs } of before.values()) {
    // One that was draining already keeps the deadline it has.
    if (backend.state !== 'active') continue;
    const next = sameIn(now, backend);
    if (!next) {
      found.push({ backend, why: 'removed', drainTimeoutMs });
    } else if (next.backend.state !== 'active') {
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
