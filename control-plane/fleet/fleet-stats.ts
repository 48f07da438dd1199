/**
 * What goes through the fleet, as frames: rates, quantiles and health of everything.
 *
 * Invariants
 *  - what a frame has is made once a second at most, however many look and at whatever: their frames are cut from it; and only
 *    while somebody does;
 *  - every five seconds one without backends is kept for the past: the last fifteen minutes, each with the busiest
 *    MAX_PAST_ROWS listeners, pools and proxies. At about 600 bytes a row that is 32 MB at most, and seldom one;
 *  - what proxies report is folded as it comes (fold.ts, which says what that costs).
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import type { Fleet } from './fleet.ts';
import { mergeMembers } from '../snapshot/merge.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import { StatsFold } from './stats-aggregator.ts';
import { Frames } from './stats-frames.ts';
import type { Window } from './rate-series.ts';
import { WINDOW_SLOTS } from './sliding-counts.ts';

const TICK_MS = 1_000;
/** Frames of the past are so far apart. */
const PAST_STEP_MS = 5_000;
export const PAST_MS = 15 * 60_000;
const MAX_PAST_ROWS = 100;
export const DEFAULT_BACKENDS = 200;
/** Slots before the first one, so that none has a negative number. */
const LEAD = 2;

export interface FleetStatsDeps {
  readonly fleet: Fleet;
  readonly follower: Pick<LogFollower, 'current'>;
  readonly clock: Clock;
}

/** What of a frame somebody wants to see. */
export interface StatsFilter {
  /** Left out: all pools. */
  readonly pool?: string | undefined;
  /** The most backends, the busiest; left out: DEFAULT_BACKENDS. */
  readonly maxBackends?: number | undefined;
}

export class FleetStats {
  readonly #deps: FleetStatsDeps;
  readonly #startMs: number;
  readonly #fold = new StatsFold();
  /** The first whole slot after the first report: nothing is known of what was before. */
  #firstSlot: number | null = null;
  readonly #past: { readonly atMs: number; readonly frame: StatsFrame__Output }[] = [];
  /** Of the newest second that somebody looked at. */
  #made: {
    readonly slot: number;
    readonly frames: Frames;
    readonly byFilter: Map<string, StatsFrame__Output>;
  } | null = null;
  readonly #watchers = new Set<() => void>();
  readonly #timers: readonly Timer[];

  constructor(deps: FleetStatsDeps) {
    const { fleet, clock } = deps;
    this.#deps = deps;
    this.#startMs = clock.nowMs();
    fleet.onContact((kind, { id }) => {
      if (kind === 'connected') this.#fold.came(id);
      else this.#fold.left(id);
    });
    fleet.onReport((id, request) => {
      const at = this.#at();
      this.#firstSlot ??= Math.ceil(at);
      this.#fold.report(id, request, at);
    });
    this.#timers = [
      every(clock, TICK_MS, () => {
        for (const watcher of this.#watchers) watcher();
      }),
      every(clock, PAST_STEP_MS, () => this.#keep()),
    ];
  }

  /** The newest frame. Whoever asks for the same within a second gets the same. */
  frame({ pool, maxBackends = DEFAULT_BACKENDS }: StatsFilter = {}): StatsFrame__Output {
    const { frames, byFilter } = this.#now();
    const key = `${maxBackends}/${pool ?? ''}`;
    const frame = byFilter.get(key) ?? frames.frame(pool, maxBackends);
    byFilter.set(key, frame);
    return frame;
  }

  /** Frames of so much of the past, oldest first. They have no backends. */
  past({ pool }: StatsFilter, historyMs: number): readonly StatsFrame__Output[] {
    const oldestMs = this.#deps.clock.nowMs() - Math.min(historyMs, PAST_MS);
    const frames = this.#past.filter(({ atMs }) => atMs > oldestMs).map(({ frame }) => frame);
    if (pool === undefined) return frames;
    return frames.map((frame) => ({
      ...frame,
      listeners: frame.listeners.filter((row) => row.pool === pool),
      pools: frame.pools.filter((row) => row.pool === pool),
    }));
  }

  /** Calls `watcher` whenever there is a new frame, once a second. Returns a way to stop. */
  onFrame(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#watchers.clear();
  }

  #keep(): void {
    const atMs = this.#deps.clock.nowMs();
    const frame = this.frame({ maxBackends: 0 });
    const listeners = busiest(frame.listeners);
    this.#past.push({
      atMs,
      frame: { ...frame, listeners, pools: busiest(frame.pools), proxies: busiest(frame.proxies) },
    });
    while (this.#past[0]!.atMs <= atMs - PAST_MS) this.#past.shift();
    this.#fold.sweep(this.#window());
  }

  #now() {
    const slot = Math.floor(this.#at());
    if (this.#made?.slot !== slot) this.#made = { slot, frames: this.#frames(), byFilter: new Map() };
    return this.#made;
  }

  #frames(): Frames {
    const { fleet, follower, clock } = this.#deps;
    const followed = follower.current();
    const window = this.#window();
    const endMs = (window.to + 1 - this.#at()) * 1_000;
    return new Frames({
      fold: this.#fold,
      state: followed === null ? null : mergeMembers(followed.state, followed.members).state,
      proxies: fleet.list(),
      revision: followed?.position.revision ?? 0,
      window,
      wallMs: Math.round(clock.wallMs() + endMs),
    });
  }

  /** Now, in slots. */
  #at(): number {
    return (this.#deps.clock.nowMs() - this.#startMs) / TICK_MS + LEAD;
  }

  /** The newest slots that nothing can be added to any more. */
  #window(): Window {
    const to = Math.floor(this.#at()) - LEAD;
    const from = Math.max(to - WINDOW_SLOTS + 1, this.#firstSlot ?? to);
    return { from, to, seconds: Math.max(1, to - from + 1) };
  }
}

function busiest<Row extends { readonly traffic: TrafficStats__Output | null }>(rows: Row[]): Row[] {
  if (rows.length <= MAX_PAST_ROWS) return rows;
  const rate = ({ traffic }: Row) => traffic?.connectionsPerSecond ?? 0;
  const least = [...rows].sort((a, b) => rate(b) - rate(a)).slice(0, MAX_PAST_ROWS);
  const kept = new Set(least);
  return rows.filter((row) => kept.has(row));
}
