/** FleetService.WatchEvents: what is kept of the past, and then, if the caller follows, what happens. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { throwIfInvalid } from '../../core/runtime/request-violations.ts';
import { durationFromWire } from '../../core/wire/duration-codec.ts';
import type { WatchEventsRequest__Output } from '../../core/wire/generated/lb/v1/WatchEventsRequest.ts';
import type { WatchEventsResponse } from '../../core/wire/generated/lb/v1/WatchEventsResponse.ts';
import { timestampFromWire, timestampToWire } from '../../core/wire/timestamp-codec.ts';
import { LatestStream } from '../rpc/latest-stream.ts';
import { knownError } from '../rpc/unary.ts';
import type { ApiDeps } from './api-deps.ts';

type Call = ServerWritableStream<WatchEventsRequest__Output, WatchEventsResponse>;

const MAX_WATCHERS = 100;
/** A thousand proxies that see the same at the same time cause one message. */
const COALESCE_MS = 100;

/** Makes the handler, which counts its open streams. */
export function watchEvents({ events, streams, clock, logger }: ApiDeps): (call: Call) => void {
  let watchers = 0;
  return (call) => {
    const stream = new LatestStream(call, streams, clock);
    const { follow } = call.request;
    try {
      const fromMs = startOf(call.request, clock.wallMs());
      if (watchers >= MAX_WATCHERS) {
        const message = `${MAX_WATCHERS} event streams are open on this control plane, which is the maximum; close one, or use another replica`;
        throw new LbError('RESOURCE_EXHAUSTED', message);
      }
      watchers += 1;
      stream.onClose(() => {
        watchers -= 1;
      });
      let timer: Timer | null = null;
      stream.onClose(() => timer?.cancel());
      const changed = () => {
        timer ??= clock.after(COALESCE_MS, () => {
          timer = null;
          stream.changed();
        });
      };
      if (follow) stream.onClose(events.onChange(changed));
      let sent: number | null = null;
      stream.send(() => {
        if (sent === events.version) return null;
        const found = events.after(sent ?? 0, fromMs);
        const isFirst = sent === null;
        sent = events.version;
        if (!isFirst) return found.length === 0 ? null : { message: { events: found } };
        return { message: { events: found, keptSince: timestampToWire(events.keptSinceMs) }, last: !follow };
      });
    } catch (error) {
      stream.end(knownError(error, 'WatchEvents', logger));
    }
  };
}

function startOf({ since, history }: WatchEventsRequest__Output, nowMs: number): number {
  const historyMs = history === null ? Number.POSITIVE_INFINITY : durationFromWire(history);
  const isNegative = historyMs < 0;
  throwIfInvalid(isNegative ? [{ field: 'history', description: 'is negative; use a length of time' }] : []);
  return Math.max(since === null ? 0 : timestampFromWire(since), nowMs - historyMs);
}
