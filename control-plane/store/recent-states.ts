/**
 * The configuration as it was some minutes ago, from the log: a replica that has just started knows it as well as
 * one that has run for long. Bounded: one state a second is kept, and states share what did not change.
 */
import type { Commit } from '../../core/model/commit.ts';
import { applyCommits } from '../../core/model/fold.ts';
import type { State } from '../../core/model/state.ts';

const GRAIN_MS = 1_000;

export class RecentStates {
  readonly #keptMs: number;
  /** Oldest first. The first is the newest of those older than what is kept, or the oldest known. */
  #states: { readonly timeMs: number; readonly state: State }[] = [];

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** Goes on with these commits, on the state that they were made on. Each map is copied once a second of the log. */
  follow(start: State, commits: readonly Commit[]): void {
    const newestMs = commits.at(-1)?.timeMs ?? 0;
    if (this.#states.length === 0) this.record(Number.NEGATIVE_INFINITY, start);
    let state = start;
    for (let from = 0; from < commits.length; ) {
      const firstMs = commits[from]?.timeMs ?? 0;
      const isOld = (timeMs: number) => timeMs < newestMs - this.#keptMs;
      const end = commits.findIndex(
        ({ timeMs }, index) => index > from && !(isOld(timeMs) ? isOld(firstMs) : sameGrain(timeMs, firstMs)),
      );
      const part = commits.slice(from, end < 0 ? commits.length : end);
      state = applyCommits(state, part);
      this.record(part.at(-1)?.timeMs ?? firstMs, state);
      from += part.length;
    }
  }

  /** A state that came about at that time, by the commit's clock. Before the first commit it is minus infinity. */
  record(timeMs: number, state: State): void {
    const last = this.#states.at(-1);
    // Replicas' clocks differ by a little; the order of the log is the order of events.
    const at = Math.max(timeMs, last?.timeMs ?? timeMs);
    if (last !== undefined && sameGrain(last.timeMs, at)) this.#states.pop();
    this.#states.push({ timeMs: at, state });
    const old = this.#states.findLastIndex((each) => each.timeMs <= at - this.#keptMs);
    if (old > 0) this.#states.splice(0, old);
  }

  /** The state at that time, or the oldest known one; null: none is known. */
  at(timeMs: number): State | null {
    return (this.#states.findLast((each) => each.timeMs <= timeMs) ?? this.#states[0])?.state ?? null;
  }
}

function sameGrain(a: number, b: number): boolean {
  return Math.floor(a / GRAIN_MS) === Math.floor(b / GRAIN_MS);
}
