/**
 * What changes for backends from one plan to the next: which may take connections now, and which no longer.
 *
 * Invariant: backends are told apart by row and generation.
 */
import type { BuiltPlan, DirectoryBackend, DirectoryPool } from './plan-directory.ts';

export interface PlanDifference {
  /** May take connections now and might not before: whatever deadline they had is void. */
  readonly activated: readonly DirectoryBackend[];
  /** Were active and are draining, disabled or gone now. */
  readonly retired: readonly RetiredBackend[];
}

export interface RetiredBackend {
  readonly backend: DirectoryBackend;
  /** From its pool's policy: how long its connections may stay; 0: forever. */
  readonly drainTimeoutMs: number;
}

export function planDifference(from: BuiltPlan | null, to: BuiltPlan): PlanDifference {
  const difference = { activated: [], retired: [] };
  const poolsBefore = new Map(from?.directory.pools.map((pool) => [pool.name, pool]));
  for (const pool of to.directory.pools) {
    comparePools(poolsBefore.get(pool.name), pool, difference);
    poolsBefore.delete(pool.name);
  }
  for (const removed of poolsBefore.values()) comparePools(removed, undefined, difference);
  return difference;
}

/**
 * Backends are sorted by address in both plans, so one walk along both lists pairs them up. A backend that nothing
 * happened to is the same object in both (build-plan.ts), and nearly all of them are.
 */
function comparePools(
  from: DirectoryPool | undefined,
  to: DirectoryPool | undefined,
  { activated, retired }: { activated: DirectoryBackend[]; retired: RetiredBackend[] },
): void {
  const [before, now] = [from?.backends ?? [], to?.backends ?? []];
  for (let i = 0, j = 0; i < before.length || j < now.length; ) {
    const order = orderOf(before[i], now[j]);
    const old = order <= 0 ? before[i++] : undefined;
    const next = order >= 0 ? now[j++] : undefined;
    if (old === next) continue;
    const isSame = old?.row === next?.row && old?.generation === next?.generation;
    const [wasActive, isActive] = [old?.state === 'active', next?.state === 'active'];
    if (next && isActive && !(isSame && wasActive)) activated.push(next);
    // A backend that was draining already keeps the deadline it has.
    if (!old || !wasActive || (isSame && isActive)) continue;
    const [backend, pool] = isSame ? [next, to] : [old, from];
    if (backend && pool) retired.push({ backend, drainTimeoutMs: pool.policy.drainTimeoutMs });
  }
}

/** Below 0: the first comes first; 0: both have one address. At the end of a list the other one's is next. */
function orderOf(one: DirectoryBackend | undefined, other: DirectoryBackend | undefined): number {
  if (!one) return 1;
  if (!other) return -1;
  if (one === other || one.address === other.address) return 0;
  return one.address < other.address ? -1 : 1;
}
