/**
 * What the page sees live, as server-sent events: `hello`, `history`, then `view` whenever it changed and `stats` every
 * second.
 *
 * Invariants
 *  - at most MAX_STREAMS readers; a reader that is slow misses frames, and gets the newest ones then;
 *  - however many look, and at whatever, each view and frame is made once, and making views takes at most a tenth of the
 *    time, but for what a new reader must have to begin with;
 *  - what fails here ends the streams, which the pages open again, and nothing else;
 *  - every stream ends when this control plane stops or steps aside.
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { EventStream } from '../../core/runtime/event-stream.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { type EventsAnswer, type HttpAnswer, json } from '../../core/runtime/http-server.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { OpenStreams } from '../rpc/open-streams.ts';
import { type FleetStats, PAST_MS, type StatsFilter } from '../fleet/fleet-stats.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import { type FleetViews, fleetViews } from './view/fleet-view.ts';
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
  readonly logger: Logger;
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

/** The views of one moment, as text. */
interface Kept {
  readonly views: FleetViews;
  readonly shared: string;
  readonly byPool: Map<string, string>;
  /** They serve until then: the longer it took to make them, the longer. */
  untilMs: number;
}

export class LiveEvents {
  readonly #deps: LiveDeps;
  readonly #readers = new Set<Reader>();
  #kept: Kept | null = null;
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
    this.#send(reader, clock.nowMs());
    this.#ticking ??= every(clock, FRAME_MS, () => this.#look());
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#ticking?.cancel();
    this.#soon?.cancel();
    this.#ticking = null;
    this.#soon = null;
    this.#kept = null;
  }

  #lookSoon(): void {
    if (this.#readers.size === 0) return;
    this.#soon ??= this.#deps.clock.after(COALESCE_MS, () => {
      this.#soon = null;
      this.#look();
    });
  }

  #look(): void {
    try {
      const nowMs = this.#deps.clock.nowMs();
      for (const reader of this.#readers) this.#send(reader, nowMs);
    } catch (error) {
      this.#deps.logger.error({ error: messageOf(error) }, 'the live stream failed: this is a defect');
      for (const { stream } of this.#readers) stream.end();
    }
  }

  #send(reader: Reader, nowMs: number): void {
    const { stats } = this.#deps;
    const { stream, pool } = reader;
    if (!stream.ready) {
      if (nowMs - reader.readyMs > TAKE_TIMEOUT_MS) stream.end();
      return;
    }
    reader.readyMs = nowMs;
    const view = this.#view(pool, nowMs);
    if (view !== reader.sentView) stream.send('view', view);
    reader.sentView = view;
    const frame = this.#frame(stats.frame(filterOf(pool)), pool);
    if (frame === reader.sentStats) stream.beat();
    else stream.send('stats', frame);
    reader.sentStats = frame;
  }

  #frame(frame: StatsFrame__Output, pool: string): string {
    const text = this.#frames.get(frame) ?? JSON.stringify(trafficNow(frame, pool));
    this.#frames.set(frame, text);
    return text;
  }

  #view(pool: string, nowMs: number): string {
    if (this.#kept === null || nowMs >= this.#kept.untilMs) this.#kept = this.#make(nowMs);
    const { views, shared, byPool } = this.#kept;
    const known = byPool.get(pool);
    if (known !== undefined) return known;
    const { clock } = this.#deps;
    const beganMs = clock.nowMs();
    // Two objects as one, so that the large one is written down once for all pools.
    const text = `${shared.slice(0, -1)},${JSON.stringify(views.of(pool)).slice(1)}`;
    byPool.set(pool, text);
    this.#kept.untilMs += (clock.nowMs() - beganMs) * COST_SHARE;
    return text;
  }

  #make(nowMs: number): Kept {
    const { follower, fleet, clock } = this.#deps;
    const views = fleetViews(follower.current(), follower.status(), fleet.list());
    const shared = JSON.stringify(views.shared);
    const tookMs = clock.nowMs() - nowMs;
    return { views, shared, byPool: new Map(), untilMs: nowMs + Math.max(COALESCE_MS, tookMs * COST_SHARE) };
  }
}

function filterOf(pool: string): StatsFilter {
  return pool === '' ? { maxBackends: 0 } : { pool, maxBackends: MAX_BACKENDS };
}
