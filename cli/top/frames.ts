/** The frames of whichever control plane sends some: when one fails, those of the next. */
import { backoff } from '../../core/runtime/backoff.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session/session.ts';

/** More than a screen can show at once, and little enough for a slow line. */
const MOST_BACKENDS = 1_000;
/** What may pass: the replica is gone, stops, or has too many watchers. */
const PASSING = ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'RESOURCE_EXHAUSTED'];

export interface FrameWatcher {
  readonly pool: string | undefined;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  readonly onFrame: (frame: StatsFrame__Output, server: string) => void;
  /** Why there are none for now. */
  readonly onLost: (reason: string, server: string) => void;
}

/**
 * Ends when `signal` is aborted. Throws what was refused, and when nobody answers: at the start at once, later when
 * `patienceMs` have passed.
 */
export async function watchFrames(
  context: Context,
  session: Session,
  { pool, intervalMs, signal, onFrame, onLost }: FrameWatcher,
  patienceMs: number,
): Promise<void> {
  const { clock, random, servers } = context;
  const pause = backoff(200, 2_000, random);
  const request = { pool: pool ?? '', interval: durationToWire(intervalMs), maxBackends: MOST_BACKENDS };
  let server = '';
  let tries = 0;
  let heardMs: number | null = null;
  while (!signal.aborted) {
    try {
      const opened = (address: string) => {
        server = address;
      };
      for await (const frame of session.stream('WatchStats', request, undefined, { opened, signal })) {
        heardMs = clock.nowMs();
        tries = 0;
        pause.reset();
        onFrame(frame, server);
      }
      onLost('it ended the stream', server);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof LbError) || !PASSING.includes(error.code)) throw error;
      tries += 1;
      const isHopeless = heardMs === null ? tries >= servers.length : clock.nowMs() - heardMs > patienceMs;
      if (isHopeless) {
        const words = `no control plane sends figures at ${servers.join(', ')} (--server names others)`;
        throw new CliError(EXIT.unreachable, words, [`${server}: ${messageOf(error)}`]);
      }
      if (heardMs !== null) onLost(messageOf(error), server);
    }
    await sleep(clock, pause.nextMs(), signal);
  }
}
