/** ConfigService.Watch: the whole configuration, then in each message what changed since the previous one. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { describeChanges } from '../../core/model/difference.ts';
import { differenceToWire } from '../../core/wire/change-codec.ts';
import type { WatchRequest__Output } from '../../core/wire/generated/lb/v1/WatchRequest.ts';
import type { WatchResponse } from '../../core/wire/generated/lb/v1/WatchResponse.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { knownError } from '../rpc/unary.ts';
import { LatestStream } from '../rpc/latest-stream.ts';
import type { Followed } from '../store/log/log-follower.ts';
import type { ApiDeps } from './api-deps.ts';
import { stateToWire } from './stored-codec.ts';

type Call = ServerWritableStream<WatchRequest__Output, WatchResponse>;

/** Commits that happen while the client reads a message are reported together in the next one. */
export function watch({ follower, streams, clock, logger }: ApiDeps, call: Call): void {
  const stream = new LatestStream(call, streams, clock);
  let sent: Followed | null = null;
  const next = () => {
    const now = follower.current();
    if (now === null || sent?.position.hash === now.position.hash) return null;
    const before = sent;
    sent = now;
    return { message: before === null ? first(now) : since(before, now) };
  };
  follower.readBarrier().then(
    () => {
      stream.onClose(follower.onChange(() => stream.changed()));
      stream.send(next);
    },
    (error: unknown) => stream.end(knownError(error, 'Watch', logger)),
  );
}

function first({ state, position }: Followed): WatchResponse {
  const at = positionToWire(position);
  return { position: at, snapshot: { resources: stateToWire(state), position: at } };
}

function since(before: Followed, now: Followed): WatchResponse {
  const changes = describeChanges(before.state, now.state).map(differenceToWire);
  return { position: positionToWire(now.position), changes };
}
