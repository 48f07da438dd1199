/**
 * How many active backends each pool had, over the last minutes of the log.
 *
 * Bounded: one number a second and pool, and none where it did not change.
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
  /** False: it is the oldest number that is known, and younger than that. */
  readonly asOfThen: boolean;
}

/** Backends of a pool that take new connections: active ones with a weight. */
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
  /** Oldest first. The first is as old as what is known, or the newest of those older than what is kept. */
  readonly #pools = new Map<string, Count[]>();
  #newestMs: number;

  /** Begins with a state that came about at that time, by its commit's clock; minus infinity: before the first commit. */
  constructor(keptMs: number, state: State, timeMs: number) {
    this.#keptMs = keptMs;
    this.#knownSinceMs = timeMs;
    this.#newestMs = timeMs;
    for (const [name, pool] of state.pools) this.#pools.set(name, [{ timeMs, active: activeIn(pool) }]);
  }

  /** Goes on with these commits on `start`, which make `end`. */
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

  /** What a pool had at that time; a pool that was not there had none. */
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

  /** This, and then what a history that began where this one ends has seen since. */
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
    // A second is told by how it ended, but not the moment that all of this began with.
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
