/**
 * FleetService.WatchStats: frames of the past, then one per interval. A caller that reads too slowly misses frames.
 *
 * Invariants
 *  - a request with violations gets no frame; all violations are reported at once;
 *  - at most MAX_WATCHERS streams are open; one more is refused and does not disturb the others.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { didYouMean } from '../../core/model/did-you-mean.ts';
import { formatDuration } from '../../core/model/duration.ts';
import type { State } from '../../core/model/state.ts';
import type { Violation } from '../../core/model/violation.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { durationFromWire } from '../../core/wire/duration-codec.ts';
import type { Duration__Output } from '../../core/wire/generated/google/protobuf/Duration.ts';
import type { StatsFrame } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { WatchStatsRequest__Output } from '../../core/wire/generated/lb/v1/WatchStatsRequest.ts';
import { knownError } from '../rpc/unary.ts';
import { LatestStream } from '../rpc/latest-stream.ts';
import { DEFAULT_BACKENDS, PAST_MS, type StatsFilter } from '../fleet/fleet-stats.ts';
import { throwIfInvalid } from '../../core/runtime/request-violations.ts';
import type { ApiDeps } from './api-deps.ts';
import { findResource } from './read-state.ts';

type Call = ServerWritableStream<WatchStatsRequest__Output, StatsFrame>;

const MAX_WATCHERS = 100;
const INTERVAL_MS = { least: 1_000, most: 60_000 } as const;
const MAX_BACKENDS = 10_000;
/** Frames come a second apart, and timers may be late but never early: a frame due within this time is sent now. */
const SLACK_MS = 500;

/** Makes the handler, which counts its open streams. */
export function watchStats(deps: ApiDeps): (call: Call) => void {
  const { follower, stats, streams, clock, logger } = deps;
  let watchers = 0;
  return (call) => {
    const stream = new LatestStream(call, streams, clock);
    try {
      const { filter, intervalMs, historyMs } = read(call.request, follower.current()?.state.pools);
      if (watchers >= MAX_WATCHERS) {
        const message = `${MAX_WATCHERS} stats streams are open on this control plane, which is the maximum; close one, or use another replica`;
        throw new LbError('RESOURCE_EXHAUSTED', message);
      }
      watchers += 1;
      stream.onClose(() => {
        watchers -= 1;
      });
      const past = [...stats.past(filter, historyMs)];
      let sentMs = Number.NEGATIVE_INFINITY;
      stream.onClose(stats.onFrame(() => stream.changed()));
      stream.send(() => {
        const message = past.shift();
        if (message !== undefined) return { message };
        if (clock.nowMs() - sentMs < intervalMs - SLACK_MS) return null;
        sentMs = clock.nowMs();
        return { message: stats.frame(filter) };
      });
    } catch (error) {
      stream.end(knownError(error, 'WatchStats', logger));
    }
  };
}

function read(
  { pool, interval, history, maxBackends }: WatchStatsRequest__Output,
  pools: State['pools'] | undefined,
) {
  const violations: Violation[] = [];
  const intervalMs = between('interval', interval, INTERVAL_MS.least, INTERVAL_MS.most, violations);
  const historyMs = between('history', history, 0, PAST_MS, violations);
  if (maxBackends > MAX_BACKENDS) {
    const description = `is ${maxBackends}; at most ${MAX_BACKENDS} are allowed`;
    violations.push({ field: 'max_backends', description });
  }
  if (violations.length > 0 && pools?.has(pool) === false && pool !== '') {
    violations.push({
      field: 'pool',
      description: `there is no pool "${pool}"${didYouMean(pool, pools.keys())}`,
    });
  }
  throwIfInvalid(violations);
  if (pool !== '' && pools !== undefined) findResource('pool', pools, pool);
  const filter: StatsFilter = { pool: pool || undefined, maxBackends: maxBackends || DEFAULT_BACKENDS };
  return { filter, intervalMs, historyMs };
}

/** A duration of the request in milliseconds; `least` when it is unset. */
function between(
  field: string,
  duration: Duration__Output | null,
  least: number,
  most: number,
  violations: Violation[],
): number {
  if (duration === null) return least;
  const ms = durationFromWire(duration);
  if (ms < least || ms > most) {
    const given = ms < 0 ? `-${formatDuration(-ms)}` : formatDuration(ms);
    const description = `is ${given}; ${formatDuration(least)} to ${formatDuration(most)} are allowed`;
    violations.push({ field, description });
  }
  return ms;
}
