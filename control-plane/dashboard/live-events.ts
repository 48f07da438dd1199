/**
 * What the page shows live, as server-sent events: `hello` and `history` once, then `view` when the configuration, the
 * roster or a backend's health changes, `events` when something happened, and `stats` every second.
 *
 * Invariants
 *  - a change is sent after COALESCE_MS, together with whatever else changed meanwhile; it never waits for the tick;
 *  - there are at most MAX_STREAMS readers; a slow reader misses events and gets the newest ones when it is ready;
 *  - each view and frame is made once for all readers, and apart from the first view of a new reader, making and sending
 *    views takes about a tenth of the time at most;
 *  - an error here ends the streams, which pages open again, and nothing else;
 *  - every stream ends when this control plane stops, or when the store's format is newer than it can read.
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { EventStream } from '../../core/runtime/event-stream.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { type EventsAnswer, type HttpAnswer, json } from '../../core/runtime/http-server.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { EventLog } from '../fleet/event-log.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { OpenStreams } from '../rpc/open-streams.ts';
import { type FleetStats, PAST_MS, type StatsFilter } from '../fleet/fleet-stats.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import { eventRows } from './view/event-rows.ts';
import { type FleetViews, fleetViews } from './view/fleet-view.ts';
import { subjectOf } from './view/rows.ts';
import { trafficHistory, trafficNow } from './view/traffic-view.ts';

const MAX_STREAMS = 100;
/** As many as a view shows of one pool. */
const MAX_BACKENDS = 500;
const TICK_MS = 1_000;
/** Changes that happen together, such as a fleet's acknowledgements of a revision, are sent as one view. */
const COALESCE_MS = 100;
/** A view that took long to make and to send is used for this many times as long. */
const COST_FACTOR = 10;
const TAKE_TIMEOUT_MS = 30_000;

export interface LiveDeps {
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly stats: FleetStats;
  readonly events: EventLog;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The version of the page's files, so that a page from before an upgrade can tell its user. */
  readonly page: string;
}

interface Reader {
  readonly stream: EventStream;
  /** What its page is about, such as `pools/web`; empty: everything. */
  readonly about: string;
  sentView: string;
  sentStats: string;
  /** The version of the event log. */
  sentEvents: number;
  /** When it had last taken everything; it is cut off when that is too long ago. */
  readyMs: number;
}

/** The views of one moment as JSON, used until `untilMs`. */
interface ViewCache {
  readonly views: FleetViews;
  readonly shared: string;
  readonly byPage: Map<string, string>;
  untilMs: number;
}

export class LiveEvents {
  readonly #deps: LiveDeps;
  readonly #readers = new Set<Reader>();
  #cache: ViewCache | null = null;
  /** By page. */
  readonly #frames = new WeakMap<StatsFrame__Output, Map<string, string>>();
  #ticks: Timer | null = null;
  #pendingSend: Timer | null = null;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    deps.follower.onChange(() => this.#sendSoon());
    deps.fleet.on('change', () => this.#sendSoon());
    deps.fleet.on('health', () => this.#sendSoon());
    deps.events.onChange(() => this.#sendSoon());
  }

  /** `about`: the pool, listener or proxy that the page shows, such as `pools/web`; empty: everything. */
  open(about: string): EventsAnswer | HttpAnswer {
    if (this.#readers.size < MAX_STREAMS) return { events: (stream) => this.#add(stream, about) };
    const error = `${MAX_STREAMS} dashboard pages are open on this control plane, which is the maximum; close one, or use another replica`;
    return { ...json(503, { error }), headers: { 'retry-after': '5' } };
  }

  #add(stream: EventStream, about: string): void {
    const { clock, streams, stats, page } = this.#deps;
    const reader: Reader = {
      stream,
      about,
      sentView: '',
      sentStats: '',
      sentEvents: 0,
      readyMs: clock.nowMs(),
    };
    this.#readers.add(reader);
    const unregister = streams.add(() => stream.end());
    stream.onClose(() => {
      unregister();
      this.#remove(reader);
    });
    stream.send('hello', JSON.stringify({ page }));
    stream.send('history', JSON.stringify(trafficHistory(stats.pastWithBackends(PAST_MS), about)));
    this.#send(reader, clock.nowMs());
    this.#ticks ??= every(clock, TICK_MS, () => this.#sendAll());
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#ticks?.cancel();
    this.#pendingSend?.cancel();
    this.#ticks = null;
    this.#pendingSend = null;
    this.#cache = null;
  }

  /** Sends once the changes of COALESCE_MS are in and a new view may be made. */
  #sendSoon(atLeastMs = COALESCE_MS): void {
    if (this.#readers.size === 0 || this.#pendingSend !== null) return;
    const { clock } = this.#deps;
    const waitMs = Math.max(atLeastMs, Math.ceil((this.#cache?.untilMs ?? 0) - clock.nowMs()));
    this.#pendingSend = clock.after(waitMs, () => {
      this.#pendingSend = null;
      // A timer can end a moment early, and making the view of another pool may have put the next one off.
      if (clock.nowMs() < (this.#cache?.untilMs ?? 0)) this.#sendSoon(1);
      else this.#sendAll();
    });
  }

  #sendAll(): void {
    try {
      const { clock } = this.#deps;
      const beganMs = clock.nowMs();
      for (const reader of this.#readers) this.#send(reader, beganMs);
      const endedMs = clock.nowMs();
      if (this.#cache !== null) {
        const restMs = (endedMs - beganMs) * COST_FACTOR;
        this.#cache.untilMs = Math.max(this.#cache.untilMs, beganMs + restMs);
      }
    } catch (error) {
      this.#deps.logger.error(
        { error: messageOf(error) },
        "the dashboard's live stream failed; this is a bug",
      );
      for (const { stream } of this.#readers) stream.end();
    }
  }

  #send(reader: Reader, nowMs: number): void {
    const { stats } = this.#deps;
    const { stream, about } = reader;
    if (!stream.ready) {
      if (nowMs - reader.readyMs > TAKE_TIMEOUT_MS) stream.end();
      return;
    }
    reader.readyMs = nowMs;
    const view = this.#view(about, nowMs);
    if (view !== reader.sentView) stream.send('view', view);
    reader.sentView = view;
    this.#sendEvents(reader);
    const frame = this.#frame(stats.frame(filterOf(about)), about);
    if (frame === reader.sentStats) stream.beat();
    else stream.send('stats', frame);
    reader.sentStats = frame;
  }

  #sendEvents(reader: Reader): void {
    const { events, clock } = this.#deps;
    const { stream, about, sentEvents } = reader;
    if (sentEvents === events.version) return;
    const fromMs = about === 'events' ? 0 : clock.wallMs() - PAST_MS;
    const rows = eventRows(events.after(sentEvents, fromMs), about);
    const isFirst = sentEvents === 0;
    reader.sentEvents = events.version;
    if (isFirst || rows.length > 0) {
      stream.send('events', JSON.stringify({ rows, keptSinceMs: events.keptSinceMs }));
    }
  }

  #frame(frame: StatsFrame__Output, about: string): string {
    const byPage = this.#frames.get(frame) ?? new Map<string, string>();
    const fleet = this.#deps.stats.frame(filterOf(''));
    const text = byPage.get(about) ?? JSON.stringify(trafficNow(frame, about, fleet));
    this.#frames.set(frame, byPage.set(about, text));
    return text;
  }

  #view(about: string, nowMs: number): string {
    if (this.#cache === null || nowMs >= this.#cache.untilMs) this.#cache = this.#makeViews(nowMs);
    const { views, shared, byPage } = this.#cache;
    const known = byPage.get(about);
    if (known !== undefined) return known;
    const { clock } = this.#deps;
    const beganMs = clock.nowMs();
    // Two objects joined as text, so that the large one is serialized once for all pages.
    const text = `${shared.slice(0, -1)},${JSON.stringify(views.of(about)).slice(1)}`;
    byPage.set(about, text);
    this.#cache.untilMs += (clock.nowMs() - beganMs) * COST_FACTOR;
    return text;
  }

  #makeViews(nowMs: number): ViewCache {
    const { follower, fleet, clock } = this.#deps;
    const views = fleetViews(follower.current(), follower.status(), fleet.list(), clock.wallMs());
    const shared = JSON.stringify(views.shared);
    const tookMs = clock.nowMs() - nowMs;
    const untilMs = nowMs + Math.max(COALESCE_MS, tookMs * COST_FACTOR);
    return { views, shared, byPage: new Map(), untilMs };
  }
}

function filterOf(about: string): StatsFilter {
  const { kind, name } = subjectOf(about);
  return kind === 'pools' && name !== '' ? { pool: name, maxBackends: MAX_BACKENDS } : { maxBackends: 0 };
}
