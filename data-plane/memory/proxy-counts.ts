/** What the main thread counts itself, in addition to what workers count in shared memory. */
import { HEALTH_STATES, type Health } from '../../core/model/resources.ts';

/** Why accepting paused: the label `cause` of lb_accept_pauses_total. */
export type PauseCause =
  /** The most connections allowed are open, in all workers or in this one. */
  | 'connection_limit'
  /** The system had no descriptor or no memory left. */
  | 'shortage';

const SNAPSHOT_RESULTS = ['applied', 'refused'] as const;
export type SnapshotResult = (typeof SNAPSHOT_RESULTS)[number];

export type HealthCounts = Record<Health, number>;

export class ProxyCounts {
  /** By pool, then by the health that backends changed to. */
  readonly #transitions = new Map<string, HealthCounts>();
  readonly pauses: Record<PauseCause, number> = { connection_limit: 0, shortage: 0 };
  readonly snapshots: Record<SnapshotResult, number> = { applied: 0, refused: 0 };

  transition(pool: string, to: Health): void {
    const counts = this.#transitions.get(pool) ?? noHealthCounts();
    counts[to] += 1;
    this.#transitions.set(pool, counts);
  }

  /** Of these pools. Counts of all other pools are deleted. */
  transitionsOf(pools: Iterable<string>): ReadonlyMap<string, HealthCounts> {
    const names = new Set(pools);
    for (const pool of this.#transitions.keys()) if (!names.has(pool)) this.#transitions.delete(pool);
    return new Map(Array.from(names, (pool) => [pool, this.#transitions.get(pool) ?? noHealthCounts()]));
  }
}

export function noHealthCounts(): HealthCounts {
  return Object.fromEntries(HEALTH_STATES.map((health) => [health, 0])) as HealthCounts;
}
