/**
 * What the page sees live, as server-sent events: `hello`, `history`, then `view` whenever it changed and `stats` every
 * second.
 *
 * Invariants
 *  - at most MAX_STREAMS readers; a reader that is slow misses frames, and gets the newest ones then;
 *  - however many look, each view and frame is made once, and making views takes at most a tenth of the time;
 *  - every stream ends when this control plane stops or steps aside.
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { EventStream } from '../../core/runtime/event-stream.ts';
import { type EventsAnswer, type HttpAnswer, json } from '../../core/runtime/http-server.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { Fleet } from '../distribution/fleet.ts';
import type { OpenStreams } from '../rpc/streams.ts';
import { type FleetStats, PAST_MS, type StatsFilter } from '../stats/fleet-stats.ts';
import type { LogFollower } from '../store/log-follower.ts';
import { fleetView } from './view/fleet-view.ts';
import { trafficHistory, trafficNow } from './view/traffic.ts';

const MAX_STREAMS = 100;
/** As many as a view shows of one pool. */
const MAX_BACKENDS = 500;
const FRAME_MS = 1_000;
/** Changes that come together, such as the acknowledgements of a fleet, are one view. */
const COALESCE_MS = 100;
const COST_SHARE = 10;
const TAKE_TIMEOUT_MS = 30_000;

export interface LiveDeps {
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly stats: FleetStats;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  /** Which page this control plane has: one that is open and older tells its user. */
  readonly page: string;
}

interface Reader {
  readonly stream: EventStream;
  readonly pool: string;
  sentView: string;
  sentStats: string;
  /** When it had taken everything; it is cut off when that is too long ago. */
  readyMs: number;
}

interface Kept {
  readonly text: string;
  readonly untilMs: number;
}

export class LiveEvents {
  readonly #deps: LiveDeps;
  readonly #readers = new Set<Reader>();
  readonly #views = new Map<string, Kept>();
  readonly #frames = new WeakMap<StatsFrame__Output, string>();
  #ticking: Timer | null = null;
  #soon: Timer | null = null;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    deps.follower.onChange(() => this.#lookSoon());
    deps.fleet.onChange(() => this.#lookSoon());
  }

  /** `pool`: whose backends to show; empty: nobody's. */
  open(pool: string): EventsAnswer | HttpAnswer {
    if (this.#readers.size < MAX_STREAMS) return { events: (stream) => this.#add(stream, pool) };
    const error = `${MAX_STREAMS} pages look at this control plane already, the most it serves: close one, or ask another replica`;
    return { ...json(503, { error }), headers: { 'retry-after': '5' } };
  }

  #add(stream: EventStream, pool: string): void {
    const { clock, streams, stats, page } = this.#deps;
    const reader: Reader = { stream, pool, sentView: '', sentStats: '', readyMs: clock.nowMs() };
    this.#readers.add(reader);
    const unregister = streams.add(() => stream.end());
    stream.onClose(() => {
      unregister();
      this.#remove(reader);
    });
    stream.send('hello', JSON.stringify({ page }));
    stream.send('history', JSON.stringify(trafficHistory(stats.past(filterOf(pool), PAST_MS), pool)));
    this.#send(reader);
    this.#ticking ??= every(clock, FRAME_MS, () => this.#look());
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    if (![...this.#readers].some(({ pool }) => pool === reader.pool)) this.#views.delete(reader.pool);
    if (this.#readers.size > 0) return;
    this.#ticking?.cancel();
    this.#soon?.cancel();
    this.#ticking = null;
    this.#soon = null;
  }

  #lookSoon(): void {
    if (this.#readers.size === 0) return;
    this.#soon ??= this.#deps.clock.after(COALESCE_MS, () => {
      this.#soon = null;
      this.#look();
    });
  }

  #look(): void {
    for (const reader of this.#readers) this.#send(reader);
  }

  #send(reader: Reader): void {
    const { clock, stats } = this.#deps;
    const { stream, pool } = reader;
    const nowMs = clock.nowMs();
    if (!stream.ready) {
      if (nowMs - reader.readyMs > TAKE_TIMEOUT_MS) stream.end();
      return;
    }
    reader.readyMs = nowMs;
    const view = this.#view(pool, nowMs);
    if (view !== reader.sentView) stream.send('view', view);
    reader.sentView = view;
    const frame = this.#frame(stats.frame(filterOf(pool)));
    if (frame === reader.sentStats) stream.beat();
    else stream.send('stats', frame);
    reader.sentStats = frame;
  }

  #frame(frame: StatsFrame__Output): string {
    const text = this.#frames.get(frame) ?? JSON.stringify(trafficNow(frame));
    this.#frames.set(frame, text);
    return text;
  }

  #view(pool: string, nowMs: number): string {
    const kept = this.#views.get(pool);
    if (kept !== undefined && nowMs < kept.untilMs) return kept.text;
    const { follower, fleet, clock } = this.#deps;
    const text = JSON.stringify(fleetView(follower.current(), follower.status(), fleet.list(), pool));
    const tookMs = clock.nowMs() - nowMs;
    this.#views.set(pool, { text, untilMs: nowMs + Math.max(COALESCE_MS, tookMs * COST_SHARE) });
    return text;
  }
}

function filterOf(pool: string): StatsFilter {
  return pool === '' ? { maxBackends: 0 } : { pool, maxBackends: MAX_BACKENDS };
}
