/**
 * The statistics of the fleet as frames: rates, quantiles and health of everything.
 *
 * Invariants
 *  - the rows of frames are made at most once a second, however many watchers there are, and only while there are any;
 *  - every five seconds a frame without backends is kept for fifteen minutes, with the busiest MAX_PAST_ROWS listeners,
 *    pools and proxies, and of the busiest DEFAULT_BACKENDS backends their rate of new connections. At about 600 bytes per
 *    row this takes 32 MB at most, and usually less than one; the rates take 3 MB at most;
 *  - reports are added up as they arrive (stats-aggregator.ts, which says what that costs).
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { BackendStats__Output } from '../../core/wire/generated/lb/v1/BackendStats.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import type { Fleet } from './fleet.ts';
import { mergeMembers } from '../store/members/merge-members.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import { StatsAggregator } from './stats-aggregator.ts';
import { Frames } from './stats-frames.ts';
import type { Window } from './rate-series.ts';
import { WINDOW_SECONDS } from './sliding-counts.ts';

const TICK_MS = 1_000;
/** The time between frames of the past. */
const PAST_STEP_MS = 5_000;
export const PAST_MS = 15 * 60_000;
const MAX_PAST_ROWS = 100;
export const DEFAULT_BACKENDS = 200;
/** Seconds before the first report, so that no second has a negative number. */
const LEAD = 2;

export interface PastFrame {
  /** It has no backends. */
  readonly frame: StatsFrame__Output;
  /** New connections per second, by pool and address. */
  readonly backends: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface FleetStatsDeps {
  readonly fleet: Fleet;
  readonly follower: Pick<LogFollower, 'current'>;
  readonly clock: Clock;
}

/** Which part of a frame a watcher wants. */
export interface StatsFilter {
  /** Left out: all pools. */
  readonly pool?: string | undefined;
  /** How many backends at most, the busiest first; left out: DEFAULT_BACKENDS. */
  readonly maxBackends?: number | undefined;
}

export class FleetStats {
  readonly #deps: FleetStatsDeps;
  readonly #startMs: number;
  readonly #aggregator = new StatsAggregator();
  /** The first whole second after the first report; nothing is known about earlier ones. */
  #firstSecond: number | null = null;
  readonly #past: (PastFrame & { readonly atMs: number })[] = [];
  /** The frames of the newest second that a watcher asked for. */
  #made: {
    readonly second: number;
    readonly frames: Frames;
    readonly byFilter: Map<string, StatsFrame__Output>;
  } | null = null;
  readonly #watchers = new Set<() => void>();
  readonly #timers: readonly Timer[];

  constructor(deps: FleetStatsDeps) {
    const { fleet, clock } = deps;
    this.#deps = deps;
    this.#startMs = clock.nowMs();
    fleet.count({
      backend: (change) => this.#aggregator.backend(change, this.#heard()),
      listener: (...what) => this.#aggregator.listener(...what, this.#heard()),
      process: (...what) => this.#aggregator.process(...what, this.#heard()),
    });
    this.#timers = [
      every(clock, TICK_MS, () => {
        for (const watcher of this.#watchers) watcher();
      }),
      every(clock, PAST_STEP_MS, () => this.#keep()),
    ];
  }

  /** The newest frame. Everybody who asks for the same filter within a second gets the same object. */
  frame({ pool, maxBackends = DEFAULT_BACKENDS }: StatsFilter = {}): StatsFrame__Output {
    const { frames, byFilter } = this.#now();
    const key = `${maxBackends}/${pool ?? ''}`;
    const frame = byFilter.get(key) ?? frames.frame(pool, maxBackends);
    byFilter.set(key, frame);
    return frame;
  }

  /** The frames of the last `historyMs`, oldest first. They have no backends. */
  past({ pool }: StatsFilter, historyMs: number): readonly StatsFrame__Output[] {
    const frames = this.pastWithBackends(historyMs).map(({ frame }) => frame);
    if (pool === undefined) return frames;
    return frames.map((frame) => ({
      ...frame,
      listeners: frame.listeners.filter((row) => row.pool === pool),
      pools: frame.pools.filter((row) => row.pool === pool),
    }));
  }

  /** The same, of all pools and with the rates of backends. */
  pastWithBackends(historyMs: number): readonly PastFrame[] {
    const oldestMs = this.#deps.clock.nowMs() - Math.min(historyMs, PAST_MS);
    return this.#past.filter(({ atMs }) => atMs > oldestMs);
  }

  /** Calls `watcher` for every new frame, once a second. Returns a function that stops that. */
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
    const { backends, ...frame } = this.frame();
    const listeners = busiest(frame.listeners);
    this.#past.push({
      atMs,
      frame: {
        ...frame,
        backends: [],
        moreBackends: frame.moreBackends + backends.length,
        listeners,
        pools: busiest(frame.pools),
        proxies: busiest(frame.proxies),
      },
      backends: ratesOf(backends),
    });
    while (this.#past[0]!.atMs <= atMs - PAST_MS) this.#past.shift();
    this.#aggregator.sweep(this.#window());
  }

  #now() {
    const second = Math.floor(this.#at());
    if (this.#made?.second !== second) this.#made = { second, frames: this.#frames(), byFilter: new Map() };
    return this.#made;
  }

  #frames(): Frames {
    const { fleet, follower, clock } = this.#deps;
    const followed = follower.current();
    const window = this.#window();
    const endMs = (window.to + 1 - this.#at()) * 1_000;
    return new Frames({
      aggregator: this.#aggregator,
      state: followed === null ? null : mergeMembers(followed.state, followed.members).state,
      proxies: fleet.list(),
      revision: followed?.position.revision ?? 0,
      window,
      wallMs: Math.round(clock.wallMs() + endMs),
    });
  }

  /** Something was reported now. */
  #heard(): number {
    const at = this.#at();
    this.#firstSecond ??= Math.ceil(at);
    return at;
  }

  /** Now, in seconds. */
  #at(): number {
    return (this.#deps.clock.nowMs() - this.#startMs) / TICK_MS + LEAD;
  }

  /** The newest seconds that are complete. */
  #window(): Window {
    const to = Math.floor(this.#at()) - LEAD;
    const from = Math.max(to - WINDOW_SECONDS + 1, this.#firstSecond ?? to);
    return { from, to, seconds: Math.max(1, to - from + 1) };
  }
}

function ratesOf(
  backends: readonly BackendStats__Output[],
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const rates = new Map<string, Map<string, number>>();
  for (const { backend, traffic } of backends) {
    const { pool, address } = backend ?? { pool: '', address: '' };
    const ofPool = rates.get(pool) ?? new Map<string, number>();
    rates.set(pool, ofPool.set(address, traffic?.connectionsPerSecond ?? 0));
  }
  return rates;
}

function busiest<Row extends { readonly traffic: TrafficStats__Output | null }>(rows: Row[]): Row[] {
  if (rows.length <= MAX_PAST_ROWS) return rows;
  const rate = ({ traffic }: Row) => traffic?.connectionsPerSecond ?? 0;
  const most = [...rows].sort((a, b) => rate(b) - rate(a)).slice(0, MAX_PAST_ROWS);
  const kept = new Set(most);
  return rows.filter((row) => kept.has(row));
}
