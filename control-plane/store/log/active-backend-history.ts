/**
 * How many active backends each pool had during the last minutes of the log.
 *
 * Bounded: at most one number per pool and second, and none while it does not change.
 */
import type { Commit } from '../../../core/model/commit.ts';
import { applyCommits } from '../../../core/model/fold.ts';
import type { State, StoredPool } from '../../../core/model/state.ts';

const GRAIN_MS = 1_000;

interface Count {
  readonly timeMs: number;
  readonly active: number;
}

export interface EarlierCount {
  readonly active: number;
  /** False: nothing is known about that time; this is the oldest known number. */
  readonly asOfThen: boolean;
}

/** How many backends of a pool take new connections: the active ones with a weight. */
export function activeIn(pool: StoredPool | undefined): number {
  let active = 0;
  for (const { value } of pool?.backends.values() ?? []) {
    if (value.state === 'active' && value.weight > 0) active += 1;
  }
  return active;
}

export class ActiveBackendHistory {
  readonly #keptMs: number;
  readonly #knownSinceMs: number;
  /** Oldest first. The first one is from where the history begins, or the newest one before `keptMs`. */
  readonly #pools = new Map<string, Count[]>();
  #newestMs: number;

  /** Begins with the state that a commit made at `timeMs`; minus infinity: before the first commit. */
  constructor(keptMs: number, state: State, timeMs: number) {
    this.#keptMs = keptMs;
    this.#knownSinceMs = timeMs;
    this.#newestMs = timeMs;
    for (const [name, pool] of state.pools) this.#pools.set(name, [{ timeMs, active: activeIn(pool) }]);
  }

  /** Adds these commits, which lead from `start` to `end`. */
  follow(start: State, commits: readonly Commit[], end: State): void {
    const keptFromMs = (commits.at(-1)?.timeMs ?? 0) - this.#keptMs;
    const grainOf = ({ timeMs }: Commit) =>
      Math.max(Math.floor(timeMs / GRAIN_MS), Math.floor(keptFromMs / GRAIN_MS));
    let before = start;
    for (let from = 0; from < commits.length; ) {
      const grain = grainOf(commits[from] as Commit);
      const next = commits.findIndex((commit, index) => index > from && grainOf(commit) !== grain);
      const part = commits.slice(from, next < 0 ? commits.length : next);
      const after = next < 0 ? end : applyCommits(before, part);
      this.#record(before, after, part.at(-1)?.timeMs ?? 0);
      before = after;
      from += part.length;
    }
  }

  /** How many a pool had at that time; a pool that did not exist had none. */
  at(pool: string, timeMs: number): EarlierCount {
    const counts = this.#pools.get(pool) ?? [];
    const asOfThen = timeMs >= this.#knownSinceMs;
    const then = counts.findLast((count) => count.timeMs <= timeMs);
    const oldest = asOfThen ? undefined : counts.find((count) => count.timeMs <= this.#knownSinceMs);
    return { active: (then ?? oldest)?.active ?? 0, asOfThen };
  }

  knows(timeMs: number): boolean {
    return timeMs >= this.#knownSinceMs;
  }

  /** Appends a history that began where this one ends. */
  continuedBy(later: ActiveBackendHistory): this {
    for (const [name, counts] of later.#pools) {
      for (const { timeMs, active } of counts) this.#add(name, Math.max(timeMs, this.#newestMs), active);
    }
    this.#advance(later.#newestMs);
    return this;
  }

  #record(before: State, after: State, timeMs: number): void {
    // Replicas' clocks differ by a little; the order of the log is the order of events.
    const at = Math.max(timeMs, this.#newestMs);
    if (before.pools !== after.pools) {
      for (const [name, pool] of after.pools) {
        if (pool !== before.pools.get(name)) this.#add(name, at, activeIn(pool));
      }
      for (const name of before.pools.keys()) if (!after.pools.has(name)) this.#add(name, at, 0);
    }
    this.#advance(at);
  }

  #add(name: string, timeMs: number, active: number): void {
    const counts = this.#pools.get(name) ?? [];
    const last = counts.at(-1);
    if (last?.active === active) return;
    // Each second keeps its last number, but the number that the history began with stays.
    if (last !== undefined && last.timeMs > this.#knownSinceMs && isSameGrain(last.timeMs, timeMs))
      counts.pop();
    counts.push({ timeMs, active });
    this.#pools.set(name, counts);
  }

  #advance(nowMs: number): void {
    const sameSecond = isSameGrain(this.#newestMs, nowMs);
    this.#newestMs = nowMs;
    if (sameSecond) return;
    const keptFromMs = nowMs - this.#keptMs;
    for (const [name, counts] of this.#pools) {
      const old = counts.findLastIndex(({ timeMs }) => timeMs <= keptFromMs);
      if (old > 0) counts.splice(0, old);
      if (counts.length === 1 && counts[0]?.active === 0 && old >= 0) this.#pools.delete(name);
    }
  }
}

function isSameGrain(a: number, b: number): boolean {
  return Math.floor(a / GRAIN_MS) === Math.floor(b / GRAIN_MS);
}
