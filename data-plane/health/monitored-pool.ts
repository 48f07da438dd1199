/** One pool that the health monitor watches: how it stands, since when, and what was published of that. */
import { type Policy, refusesWhenNoneHealthy } from '../../core/model/resources.ts';
import type { DirectoryPool } from '../plan/plan-directory.ts';
import type { CheckResult } from './checker.ts';
import type { HealthChange } from './health-changes.ts';
import { type PoolState, PoolTally } from './pool-tally.ts';

/** Plus since when it is so; milliseconds since 1970. */
export interface ServingState extends PoolState {
  readonly servingSinceMs: number;
}

/** Results of checks; one that several pools share counts in each. */
export type CheckCounts = Record<CheckResult['type'], number>;

export class MonitoredPool {
  readonly row: number;
  readonly name: string;
  readonly policy: Policy;
  readonly tally: PoolTally;
  readonly checks: CheckCounts;
  #state: ServingState | null;
  #published: ServingState | null;

  /** `before`: the same pool, in the plan before. */
  constructor({ row, name, policy }: DirectoryPool, before: MonitoredPool | undefined) {
    this.row = row;
    this.name = name;
    this.policy = policy;
    this.tally = new PoolTally(before?.tally);
    this.checks = before?.checks ?? { passed: 0, failed: 0, inconclusive: 0, shortage: 0 };
    this.#state = before ? before.#state : null;
    this.#published = before ? before.#published : null;
  }

  /** Null until its backends have been counted. The same object until something changes. */
  get state(): ServingState | null {
    return this.#state;
  }

  /** What was last published: how it stands apart from first checks that are under way. */
  get published(): ServingState | null {
    return this.#published;
  }

  /** As many are healthy as the policy expects. */
  get isAsExpected(): boolean {
    return this.tally.up >= (this.policy.expectHealthy ?? Number.POSITIVE_INFINITY);
  }

  /** Notes how it stands now. Returns what is to be published, once first checks that are under way can't change it. */
  refresh(wallMs: number): HealthChange[] {
    const { name: pool, policy, tally } = this;
    const before = this.#state;
    const now = tally.state;
    const { noneHealthy } = now;
    const isSame = before?.noneHealthy === noneHealthy && before.servingTier === now.servingTier;
    const servingSinceMs = isSame ? before.servingSinceMs : wallMs;
    if (!isSame || before.hasTiers !== now.hasTiers) this.#state = { ...now, servingSinceMs };
    if (tally.mayImprove) return [];
    const was = this.#published ?? { noneHealthy: false, servingTier: tally.firstTier };
    // While nothing is healthy, no tier serves as it should.
    const to = noneHealthy ? was.servingTier : now.servingTier;
    this.#published = { ...now, servingTier: to, servingSinceMs };
    const changes: HealthChange[] = [];
    if (was.noneHealthy !== noneHealthy)
      changes.push({ type: 'panic', pool, on: noneHealthy, refuses: refusesWhenNoneHealthy(policy) });
    if (was.servingTier !== to) changes.push({ type: 'tier', pool, from: was.servingTier, to });
    return changes;
  }
}
