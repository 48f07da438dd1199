/**
 * What changes for backends from one plan to the next: which may take connections now, and which no longer.
 *
 * Invariant: backends are told apart by row and generation.
 */
import {
  type BuiltPlan,
  type DirectoryBackend,
  type DirectoryPool,
  takesConnections,
} from './plan-directory.ts';

export interface PlanDifference {
  /** May take connections now and might not before: whatever deadline they had is void. */
  readonly activated: readonly DirectoryBackend[];
  /** Were active and are draining, disabled or gone now, or were found to lead back to a listener. */
  readonly retired: readonly RetiredBackend[];
}

/** What leads back is no service that anybody waits for: each connection holds another one open. */
const LEADS_BACK_MS = 1;

interface RetiredBackend {
  readonly backend: DirectoryBackend;
  /** From its pool's policy: how long its connections may stay; 0: forever. */
  readonly drainTimeoutMs: number;
}

export function planDifference(from: BuiltPlan | null, to: BuiltPlan): PlanDifference {
  const activated: DirectoryBackend[] = [];
  const retired: RetiredBackend[] = [];
  const poolsBefore = new Map(from?.directory.pools.map((pool) => [pool.name, pool]));
  const poolsNow = new Map(to.directory.pools.map((pool) => [pool.name, pool]));
  for (const name of new Set([...poolsBefore.keys(), ...poolsNow.keys()])) {
    const [before, now] = [poolsBefore.get(name), poolsNow.get(name)];
    for (const [old, next] of changedPairs(before?.backends ?? [], now?.backends ?? [])) {
      const isSame = isSameBackend(old, next);
      if (isSame && isActive(old) && isActive(next)) continue;
      // A backend that was draining already keeps the deadline it has.
      if (isActive(old)) {
        const drainTimeoutMs = isSame ? timeoutOf(now, next) : timeoutOf(before);
        retired.push({ backend: old, drainTimeoutMs });
      }
      if (isActive(next)) activated.push(next);
    }
  }
  return { activated, retired };
}

function isActive(backend: DirectoryBackend | undefined): backend is DirectoryBackend {
  return backend !== undefined && takesConnections(backend);
}

function isSameBackend(a: DirectoryBackend | undefined, b: DirectoryBackend | undefined): boolean {
  return a?.row === b?.row && a?.generation === b?.generation;
}

function timeoutOf(pool: DirectoryPool | undefined, backend?: DirectoryBackend): number {
  if (backend && backend.leadsBack !== null) return LEADS_BACK_MS;
  return pool?.policy.drainTimeoutMs ?? 0;
}

/**
 * For each address where something changed: the backend before and the backend now. Both lists are sorted by address, so one walk along
 * both is enough. A backend that nothing happened to is the same object in both (build-plan.ts): nearly all of them.
 */
function* changedPairs(
  before: readonly DirectoryBackend[],
  now: readonly DirectoryBackend[],
): Generator<readonly [old: DirectoryBackend | undefined, next: DirectoryBackend | undefined]> {
  for (let i = 0, j = 0; i < before.length || j < now.length; ) {
    const order = orderOf(before[i], now[j]);
    const old = order <= 0 ? before[i++] : undefined;
    const next = order >= 0 ? now[j++] : undefined;
    if (old !== next) yield [old, next];
  }
}

/** Compares by address: negative when `one` comes first, 0 for the same one. A missing backend comes last. */
function orderOf(one: DirectoryBackend | undefined, other: DirectoryBackend | undefined): number {
  if (!one) return 1;
  if (!other) return -1;
  if (one === other || one.address === other.address) return 0;
  return one.address < other.address ? -1 : 1;
}
