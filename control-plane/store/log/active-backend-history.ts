/**
 * The most active backends that each pool had during the last minutes of the log.
 *
 * Bounded: a number that a later one reached again is forgotten, so a pool keeps no more numbers than it had backends.
 */
import type { Change, Commit } from '../../../core/model/commit.ts';
import type { Backend } from '../../../core/model/resources.ts';
import type { State, StoredPool } from '../../../core/model/state.ts';

export interface RecentMost {
  readonly active: number;
  /** False: what the pool had at the beginning of that time is not known. */
  readonly complete: boolean;
}

/** How many backends of a pool take new connections: the active ones with a weight. */
export function activeIn(pool: StoredPool | undefined): number {
  let active = 0;
  for (const { value } of pool?.backends.values() ?? []) if (isActive(value)) active += 1;
  return active;
}

function isActive({ state, weight }: Backend): boolean {
  return state === 'active' && weight > 0;
}

interface PoolHistory {
  /** Addresses of the backends that are active at the end of the history. */
  active: Set<string>;
  /** Earlier numbers, oldest first, each larger than those after it, and when it ended. */
  readonly earlier: { readonly active: number; readonly untilMs: number }[];
}

export class ActiveBackendHistory {
  readonly #keptMs: number;
  readonly #knownSinceMs: number;
  readonly #pools = new Map<string, PoolHistory>();
  #newestMs: number;

  /** Begins with the state that a commit made at `timeMs`; minus infinity: before the first commit. */
  constructor(keptMs: number, { pools }: State, timeMs: number) {
    this.#keptMs = keptMs;
    this.#knownSinceMs = timeMs;
    this.#newestMs = timeMs;
    for (const [name, { backends }] of pools) {
      const active = [...backends.values()].filter(({ value }) => isActive(value));
      this.#pools.set(name, { active: new Set(active.map(({ value }) => value.address)), earlier: [] });
    }
  }

  /** Adds the commits that follow. */
  follow(commits: readonly Commit[]): void {
    for (const { changes, timeMs } of commits) {
      // Replicas' clocks differ by a little; the order of the log is the order of events.
      this.#newestMs = Math.max(timeMs, this.#newestMs);
      const before = new Map<string, number>();
      for (const change of changes) this.#apply(change, before);
      for (const [name, active] of before) this.#ended(name, active, this.#newestMs);
    }
  }

  /** The most that a pool had at any moment since then; a pool that does not exist has none. */
  mostSince(timeMs: number, pool: string): RecentMost {
    const { active, earlier } = this.#pools.get(pool) ?? { active: new Set(), earlier: [] };
    const most = earlier.find(({ untilMs }) => untilMs > timeMs)?.active ?? 0;
    return { active: Math.max(active.size, most), complete: this.knows(timeMs) };
  }

  knows(timeMs: number): boolean {
    return timeMs >= this.#knownSinceMs;
  }

  /** Appends a history that began where this one ends. */
  continuedBy(later: ActiveBackendHistory): this {
    for (const name of this.#pools.keys()) if (!later.#pools.has(name)) this.#pools.delete(name);
    for (const [name, { active, earlier }] of later.#pools) {
      this.#pool(name).active = active;
      for (const ended of earlier) this.#ended(name, ended.active, ended.untilMs);
    }
    this.#newestMs = Math.max(this.#newestMs, later.#newestMs);
    return this;
  }

  /** As the fold does. Adds the number of each pool that changes to `before`. */
  #apply(change: Change, before: Map<string, number>): void {
    const activeOf = (name: string) => {
      const active = this.#pools.get(name)?.active;
      if (active !== undefined && !before.has(name)) before.set(name, active.size);
      return active;
    };
    if (change.op === 'put' && change.resource.kind === 'pool') this.#pool(change.resource.value.name);
    else if (change.op === 'put' && change.resource.kind === 'backend') {
      const { value } = change.resource;
      if (isActive(value)) activeOf(value.pool)?.add(value.address);
      else activeOf(value.pool)?.delete(value.address);
    } else if (change.op === 'delete' && change.kind === 'backend') {
      const slash = change.name.indexOf('/');
      activeOf(change.name.slice(0, slash))?.delete(change.name.slice(slash + 1));
    } else if (change.op === 'delete' && change.kind === 'pool') {
      // A pool that is created again has no past.
      this.#pools.delete(change.name);
      before.delete(change.name);
    }
  }

  /** The pool had this number until then. */
  #ended(name: string, active: number, untilMs: number): void {
    const { earlier, active: now } = this.#pool(name);
    while ((earlier.at(-1)?.active ?? Number.POSITIVE_INFINITY) <= Math.max(active, now.size)) earlier.pop();
    if (active > now.size) earlier.push({ active, untilMs });
    const kept = earlier.findIndex((ended) => ended.untilMs > this.#newestMs - this.#keptMs);
    earlier.splice(0, kept === -1 ? earlier.length : kept);
  }

  #pool(name: string): PoolHistory {
    const pool = this.#pools.get(name) ?? { active: new Set<string>(), earlier: [] };
    this.#pools.set(name, pool);
    return pool;
  }
}
