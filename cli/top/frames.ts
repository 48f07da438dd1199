/** Receives frames from one control plane, and from the next one when that fails. */
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import { isRetryable, retry } from '../session/retry.ts';
import type { Session } from '../session/session.ts';

/** More than a screen can show at once, and few enough for a slow connection. */
const MAX_BACKENDS = 1_000;

export interface FrameWatcher {
  readonly pool: string | undefined;
  readonly intervalMs: number;
  /** How long to wait for the next frame, once there was one. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly onFrame: (frame: StatsFrame__Output, server: string) => void | Promise<void>;
  /** Why there are none for now. */
  readonly onLost: (reason: string, server: string) => void;
}

/** Ends when `signal` is aborted. Throws what was refused, and when no control plane sends frames. */
export async function watchFrames(
  context: Context,
  session: Session,
  { pool, intervalMs, patienceMs, signal, onFrame, onLost }: FrameWatcher,
): Promise<void> {
  const { clock, servers } = context;
  const request = { pool: pool ?? '', interval: durationToWire(intervalMs), maxBackends: MAX_BACKENDS };
  let server = '';
  let failures = 0;
  let lastFrameMs: number | null = null;
  const opened = (address: string) => {
    server = address;
  };
  await retry(context, {
    signal,
    // A control plane that has too many watchers refuses another one, and the next one may not.
    mayRetry: (error) =>
      isRetryable(error) || (error instanceof LbError && error.code === 'RESOURCE_EXHAUSTED'),
    attempt: async (progress): Promise<undefined> => {
      for await (const frame of session.stream('WatchStats', request, undefined, { opened, signal })) {
        lastFrameMs = clock.nowMs();
        failures = 0;
        progress();
        await onFrame(frame, server);
      }
      if (!signal.aborted) onLost('it ended the stream', server);
    },
    onFailure: (error) => {
      failures += 1;
      const isHopeless =
        lastFrameMs === null ? failures >= servers.length : clock.nowMs() - lastFrameMs > patienceMs;
      if (isHopeless) {
        const message = `no control plane sends figures at ${servers.join(', ')} (--server names others)`;
        throw new CliError(EXIT.unreachable, message, [`${server}: ${messageOf(error)}`]);
      }
      if (lastFrameMs !== null) onLost(messageOf(error), server);
    },
  });
}
