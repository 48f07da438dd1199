/** Repeats what failed for a reason that may pass. */
import { type Backoff, backoff } from '../../core/runtime/backoff.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { Context } from '../context.ts';
import { CliError } from '../exit.ts';

export interface RetryOptions<T> {
  /** Undefined: not done yet, so it is run again. `progress` is called when it works: pauses are short again then. */
  readonly attempt: (progress: () => void) => Promise<T | undefined>;
  readonly mayRetry?: (error: unknown) => boolean;
  /** Called before each pause, so not for the last failure; it may give up by throwing. */
  readonly onFailure?: (error: unknown) => void;
  /** How long to pause: from 200 ms up to 2 s by default. */
  readonly delays?: Backoff;
  /** Replaces the pause between two attempts. */
  readonly pause?: (ms: number) => Promise<void>;
  /** By the clock's nowMs; no attempt begins after it. */
  readonly untilMs?: number;
  /** When it is aborted, the result is undefined, whatever the attempt ended with. */
  readonly signal?: AbortSignal;
}

/**
 * The result of the first attempt that has one. Throws what may not be retried, and the last failure when the time is up.
 * Undefined: it was aborted, or the time is up after an attempt that did not fail.
 */
export async function retry<T>(context: Context, options: RetryOptions<T>): Promise<T | undefined> {
  const { clock, random } = context;
  const { untilMs = Number.POSITIVE_INFINITY, signal } = options;
  const { pause = (ms: number) => sleep(clock, ms, signal), delays = backoff(200, 2_000, random) } = options;
  const isOver = () => signal?.aborted === true;
  while (!isOver()) {
    const { result, failure } = await once(options, delays);
    if (result !== undefined || isOver()) return result;
    const delayMs = delays.nextMs();
    if (clock.nowMs() + delayMs >= untilMs) {
      if (failure === undefined) return undefined;
      throw failure;
    }
    if (failure !== undefined) options.onFailure?.(failure);
    await pause(delayMs);
  }
  return undefined;
}

async function once<T>({ attempt, mayRetry = isRetryable, signal }: RetryOptions<T>, delays: Backoff) {
  try {
    return { result: await attempt(() => delays.reset()) };
  } catch (failure) {
    if (signal?.aborted || mayRetry(failure)) return { failure };
    throw failure;
  }
}

/** The same call may succeed later, perhaps at another replica. */
export function isRetryable(error: unknown): boolean {
  return (error instanceof LbError || error instanceof CliError) && error.retryable;
}
