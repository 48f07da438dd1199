/** `events`: what happened, from the memory of one control plane. */
import { isoTime } from '../../core/view/figures.ts';
import type { Plain } from '../../core/view/plain.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';
import type { Event__Output } from '../../core/wire/generated/lb/v1/Event.ts';
import type { Timestamp__Output } from '../../core/wire/generated/google/protobuf/Timestamp.ts';
import { timestampFromWire, timestampToWire } from '../../core/wire/timestamp-codec.ts';
import { type Context, tell } from '../context.ts';
import { EXIT, type ExitCode, unreachable } from '../exit.ts';
import { type Column, type Listing, listing, printListing } from '../output/listing.ts';
import { itemPrinter, keepWatching } from '../output/watch.ts';
import { isRetryable, retry } from '../session/retry.ts';
import type { Session } from '../session/session.ts';

export interface EventsOptions {
  /** How much of the past is asked for; undefined: all that is kept. */
  readonly sinceMs: number | undefined;
  readonly watch: boolean;
}

/** Of the first columns of --watch, whose later rows are not known: a time, and the longest kind. */
const WIDTHS = [24, 20];

const COLUMNS: readonly Column<Event__Output>[] = [
  ['TIME', ({ time }) => isoTime(time) ?? ''],
  ['KIND', ({ kind }) => kindOf(kind)],
  ['WHAT', ({ text, message }) => (message === '' ? text : `${text} (${message})`)],
];

export async function showEvents(
  context: Context,
  session: Session,
  options: EventsOptions,
): Promise<ExitCode> {
  if (options.watch) return watchEvents(context, session, options);
  // One that is sent again counts more proxies.
  const events = new Map<string, Event__Output>();
  await retry(context, {
    untilMs: context.clock.nowMs() + context.timeoutMs,
    attempt: async () => {
      events.clear();
      for await (const event of eventsOf(context, session, options, null)) events.set(event.id, event);
      return events;
    },
  }).catch((error: unknown) => {
    throw isRetryable(error) ? unreachable(context.servers, error) : error;
  });
  printListing(context, 'event', eventListing(context, [...events.values()]));
  return EXIT.done;
}

function watchEvents(context: Context, session: Session, options: EventsOptions): Promise<ExitCode> {
  const print = itemPrinter(context, 'event', eventListing(context, []).header, WIDTHS);
  let lastTime: Timestamp__Output | null = null;
  return keepWatching(context, async (answered) => {
    for await (const event of eventsOf(context, session, options, lastTime)) {
      lastTime = event.time ?? lastTime;
      answered();
      eventListing(context, [event]).items.forEach(print);
      await context.stdout.drained();
    }
  });
}

/** `after`: the last one that was shown, when the stream of one control plane is continued at another. */
async function* eventsOf(
  context: Context,
  session: Session,
  { sinceMs, watch }: EventsOptions,
  after: Timestamp__Output | null,
): AsyncGenerator<Event__Output> {
  const request = {
    follow: watch,
    ...(sinceMs !== undefined && { history: durationToWire(sinceMs) }),
    ...(after && { since: timestampToWire(timestampFromWire(after) + 1) }),
  };
  const timeoutMs = watch ? undefined : context.timeoutMs;
  for await (const { events, keptSince } of session.stream('WatchEvents', request, timeoutMs)) {
    if (
      keptSince &&
      sinceMs !== undefined &&
      timestampFromWire(keptSince) > context.clock.wallMs() - sinceMs
    ) {
      tell(context, `what happened before ${isoTime(keptSince)} is not kept by this control plane`);
    }
    yield* events;
  }
}

function eventListing(context: Context, events: readonly Event__Output[]): Listing {
  return listing(context, events, (event) => ({ name: event.id, plain: eventPlain(event) }), COLUMNS, [
    ['POOL', ({ pool }) => pool],
    ['BACKEND', ({ backend }) => backend],
    ['PROXY', ({ proxyId }) => proxyId],
    ['LISTENER', ({ listener }) => listener],
    ['REVISION', ({ revision }) => (revision === '0' ? '' : revision)],
    ['AUTHOR', ({ author }) => author],
  ]);
}

/** The value that JSON and YAML show; null where something does not apply. */
function eventPlain(event: Event__Output): Plain {
  const { id, time, kind, count, text } = event;
  return {
    id,
    time: isoTime(time),
    kind: kindOf(kind),
    pool: event.pool || null,
    backend: event.backend || null,
    proxy: event.proxyId || null,
    listener: event.listener || null,
    revision: event.revision === '0' ? null : event.revision,
    author: event.author || null,
    message: event.message || null,
    count,
    text,
  };
}

/** `KIND_BACKEND_EJECTED` as `backend_ejected`; one that this program does not know as well. */
function kindOf(kind: string): string {
  return kind.replace('KIND_', '').toLowerCase();
}
