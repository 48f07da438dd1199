/**
 * Counts, by tier of a pool, how many backends could serve, are up, and are not checked yet, which says which tier serves
 * and whether anything is healthy at all. Pure. A change costs O(1), however large the pool is.
 */
import type { Health } from '../../core/model/resources.ts';
import { type DirectoryBackend, takesConnections } from '../plan/plan-directory.ts';

/** How a pool stands at this proxy. */
export interface PoolState {
  /** There are backends that could serve, and none of them is healthy: all of them are used, or none, as the policy says. */
  readonly noneHealthy: boolean;
  /** The first tier with a healthy backend; without any, the first one with a backend that could serve. */
  readonly servingTier: number;
  /** Several tiers have backends that could serve. */
  readonly hasTiers: boolean;
}

interface TierCounts {
  serving: number;
  up: number;
  unchecked: number;
  /** Since when some are up, on the monotonic clock; null: none is. */
  upSinceMs: number | null;
}

const NOTHING: TierCounts = { serving: 0, up: 0, unchecked: 0, upSinceMs: null };

export class PoolTally {
  /** By tier, up to the last one that was counted. */
  readonly #tiers: TierCounts[];

  /** `before`: of the same pool, in the plan before; what was up then, and is counted again, is up since then. */
  constructor(before?: PoolTally) {
    const tiers = before ? before.#tiers : [];
    this.#tiers = tiers.map(({ upSinceMs }) => ({ ...NOTHING, upSinceMs }));
  }

  /** Adds or removes a backend with this health. Those that get no connections anyway don't count. */
  count(backend: DirectoryBackend, health: Health, change: 1 | -1, nowMs: number): void {
    if (!takesConnections(backend) || backend.weight === 0) return;
    while (this.#tiers.length <= backend.tier) this.#tiers.push({ ...NOTHING });
    const tier = this.#tiers[backend.tier]!; // `!`: it was just added.
    tier.serving += change;
    if (health === 'unknown') tier.unchecked += change;
    if (health !== 'healthy') return;
    tier.up += change;
    if (tier.up === 0) tier.upSinceMs = null;
    else tier.upSinceMs ??= nowMs;
  }

  /** Everything of a plan has been counted. */
  complete(): void {
    for (const tier of this.#tiers) if (tier.up === 0) tier.upSinceMs = null;
  }

  /** How many are up in all tiers. */
  get up(): number {
    return this.#tiers.reduce((sum, { up }) => sum + up, 0);
  }

  /** How many are up in this tier. */
  upIn(tier: number): number {
    return this.#tiers[tier]?.up ?? 0;
  }

  /** Since when some are up in this tier, on the monotonic clock; null: none is. */
  upSinceMs(tier: number): number | null {
    return this.#tiers[tier]?.upSinceMs ?? null;
  }

  /** The first tier that could serve. */
  get firstTier(): number {
    return Math.max(
      0,
      this.#tiers.findIndex(({ serving }) => serving > 0),
    );
  }

  get state(): PoolState {
    const servingTier = this.#tiers.findIndex(({ up }) => up > 0);
    const couldServe = this.#tiers.filter(({ serving }) => serving > 0).length;
    return {
      noneHealthy: couldServe > 0 && servingTier < 0,
      servingTier: servingTier < 0 ? this.firstTier : servingTier,
      hasTiers: couldServe > 1,
    };
  }

  /** First checks that are still under way may change `state` for the better: nobody is to be alarmed yet. */
  get mayImprove(): boolean {
    const { noneHealthy, servingTier } = this.state;
    return this.#tiers.some(({ unchecked }, tier) => unchecked > 0 && (noneHealthy || tier < servingTier));
  }
}
