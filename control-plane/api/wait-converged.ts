/** ConfigService.WaitConverged: the progress of each proxy, until all run the revision or one has refused it. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { LbError } from '../../core/runtime/errors.ts';
import type { Timer } from '../../core/runtime/clock.ts';
import type { WaitConvergedRequest__Output } from '../../core/wire/generated/lb/v1/WaitConvergedRequest.ts';
import type { WaitConvergedResponse } from '../../core/wire/generated/lb/v1/WaitConvergedResponse.ts';
import { convergence } from '../fleet/convergence.ts';
import { knownError } from '../rpc/unary.ts';
import { LatestStream } from '../rpc/latest-stream.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { ApiDeps } from './api-deps.ts';

type Call = ServerWritableStream<WaitConvergedRequest__Output, WaitConvergedResponse>;

/** A thousand proxies that acknowledge at the same time cause one message, not a thousand. */
const COALESCE_MS = 10;

export function waitConverged({ follower, fleet, streams, clock, logger }: ApiDeps, call: Call): void {
  const stream = new LatestStream(call, streams, clock);
  const revision = Number(call.request.revision);
  let sent = '';
  let timer: Timer | null = null;
  const onFleetChange = () => {
    timer ??= clock.after(COALESCE_MS, () => {
      timer = null;
      stream.changed();
    });
  };
  storeWith(follower, revision).then(
    (storeId) => {
      stream.onClose(fleet.on('change', onFleetChange));
      stream.onClose(() => timer?.cancel());
      let rosterKnown = fleet.unknownForMs() === 0;
      const grace = clock.after(fleet.unknownForMs(), () => {
        rosterKnown = true;
        stream.changed();
      });
      stream.onClose(() => grace.cancel());
      stream.send(() => {
        const { response, settled } = convergence(fleet.list(), storeId, revision, {
          rosterKnown,
          committedMs: (each) => follower.revision(each)?.timeMs,
        });
        const text = JSON.stringify(response);
        if (text === sent) return null;
        sent = text;
        return { message: response, last: settled };
      });
    },
    (error: unknown) => stream.end(knownError(error, 'WaitConverged', logger)),
  );
}

/** The id of the store. Throws when the revision does not exist, so that nobody waits for it in vain. */
async function storeWith(follower: LogFollower, revision: number): Promise<string> {
  if (revision < 0) throw new LbError('INVALID_ARGUMENT', `revision is ${revision}; revisions start at 1`);
  const { position, stale } = await follower.readBarrier();
  if (revision <= position.revision) return position.storeId;
  if (stale) {
    const message = `this replica knows revisions up to ${position.revision}, and its store does not answer; try another replica`;
    throw new LbError('UNAVAILABLE', message);
  }
  throw new LbError('NOT_FOUND', `There is no revision ${revision} yet: the newest is ${position.revision}.`);
}
