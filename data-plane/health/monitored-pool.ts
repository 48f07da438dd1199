/**
 * One pool that the health monitor watches: how many of its backends are up, by tier, and so which tier serves, whether
 * anything is healthy at all, and what was published of that. A change costs O(1), however large the pool is.
 */
import { type Health, type Policy, refusesWhenNoneHealthy } from '../../core/model/resources.ts';
import { type DirectoryBackend, type DirectoryPool, takesConnections } from '../plan/plan-directory.ts';
import type { CheckResult } from './checker.ts';
import type { HealthChange } from './health-changes.ts';

/** How a pool stands at this proxy. */
export interface ServingState {
  /** There are backends that could serve, and none of them is healthy: all of them are used, or none, as the policy says. */
  readonly noneHealthy: boolean;
  /** The first tier with a healthy backend; without any, the first one with a backend that could serve. */
  readonly servingTier: number;
  /** Since when these two are so; milliseconds since 1970. */
  readonly servingSinceMs: number;
  /** Several tiers have backends that could serve. */
  readonly hasTiers: boolean;
}

interface Tier {
  serving: number;
  up: number;
  unchecked: number;
  /** Since when some are up, on the monotonic clock; null: none is. */
  upSinceMs: number | null;
}

export class MonitoredPool {
  readonly row: number;
  readonly name: string;
  readonly policy: Policy;
  /** Results of checks; one that several pools share counts in each. */
  readonly checks: Record<CheckResult['type'], number> = {
    passed: 0,
    failed: 0,
    inconclusive: 0,
    shortage: 0,
  };
  /** Null until its backends have been counted. */
  state: ServingState | null = null;
  /** First checks that are under way can't change `state`. */
  isSettled = false;
  /** What was last published: how it stands apart from first checks that are under way. */
  published: ServingState | null = null;
  /** By number, up to the last one that was counted. */
  readonly #tiers: Tier[] = [];

  /** `before`: the same pool, in the plan before. What was up then, and is counted again, is up since then. */
  constructor({ row, name, policy }: DirectoryPool, before: MonitoredPool | undefined) {
    this.row = row;
    this.name = name;
    this.policy = policy;
    if (!before) return;
    this.checks = before.checks;
    this.state = before.state;
    this.published = before.published;
    for (const { upSinceMs } of before.#tiers) this.#add(upSinceMs);
  }

  /** Adds or removes a backend with this health. Those that get no connections anyway don't count. */
  count(backend: DirectoryBackend, health: Health, change: 1 | -1, nowMs: number): void {
    if (!takesConnections(backend) || backend.weight === 0) return;
    while (this.#tiers.length <= backend.tier) this.#add(null);
    const tier = this.#tiers[backend.tier]!; // `!`: it was just added.
    tier.serving += change;
    if (health === 'unknown') tier.unchecked += change;
    if (health !== 'healthy') return;
    tier.up += change;
    tier.upSinceMs ??= nowMs;
  }

  /** How many are up in a tier, and since when some are. */
  tier(tier: number): Pick<Tier, 'up' | 'upSinceMs'> {
    return this.#tiers[tier] ?? { up: 0, upSinceMs: null };
  }

  /** As many are healthy as the policy expects. */
  get isAsExpected(): boolean {
    const up = this.#tiers.reduce((sum, tier) => sum + tier.up, 0);
    return up >= (this.policy.expectHealthy ?? Number.POSITIVE_INFINITY);
  }

  /**
   * Notes how it stands now, when all are counted. Returns what is to be published, once first checks that are under way
   * can't change it.
   */
  refresh(wallMs: number): HealthChange[] {
    const { name: pool, policy, state: before } = this;
    for (const tier of this.#tiers) if (tier.up === 0) tier.upSinceMs = null;
    const couldServe = this.#tiers.filter(({ serving }) => serving > 0);
    const firstTier = Math.max(0, this.#tiers.indexOf(couldServe[0]!)); // `!`: -1 when there is none.
    const upTier = this.#tiers.findIndex(({ up }) => up > 0);
    const noneHealthy = couldServe.length > 0 && upTier < 0;
    const servingTier = upTier < 0 ? firstTier : upTier;
    const isSame = before?.noneHealthy === noneHealthy && before.servingTier === servingTier;
    const servingSinceMs = isSame ? before.servingSinceMs : wallMs;
    const state = { noneHealthy, servingTier, servingSinceMs, hasTiers: couldServe.length > 1 };
    this.state = state;
    const isUnsettled = (tier: Tier, at: number) => tier.unchecked > 0 && (noneHealthy || at < servingTier);
    this.isSettled = !this.#tiers.some(isUnsettled);
    if (!this.isSettled) return [];
    const was = this.published ?? { noneHealthy: false, servingTier: firstTier };
    // While nothing is healthy, no tier serves as it should.
    const to = noneHealthy ? was.servingTier : servingTier;
    this.published = { ...state, servingTier: to };
    const changes: HealthChange[] = [];
    if (was.noneHealthy !== noneHealthy)
      changes.push({ type: 'panic', pool, on: noneHealthy, refuses: refusesWhenNoneHealthy(policy) });
    if (was.servingTier !== to) changes.push({ type: 'tier', pool, from: was.servingTier, to });
    return changes;
  }

  #add(upSinceMs: number | null): void {
    this.#tiers.push({ serving: 0, up: 0, unchecked: 0, upSinceMs });
  }
}
