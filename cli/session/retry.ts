/** Repeating what failed for a reason that may pass. */
import { backoff } from '../../core/runtime/backoff.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { Context } from '../context.ts';
import { CliError } from '../exit.ts';

export interface RetryOptions<T> {
  /** Undefined: not done yet, so it is run again. `progress` is called when it works: pauses are short again then. */
  readonly attempt: (progress: () => void) => Promise<T | undefined>;
  readonly mayRetry?: (error: unknown) => boolean;
  /** Called before the pause; it gives up by throwing. */
  readonly onFailure?: (error: unknown) => void;
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
export async function retry<T>(
  { clock, random }: Context,
  { attempt, mayRetry = isRetryable, onFailure, pause, untilMs, signal }: RetryOptions<T>,
): Promise<T | undefined> {
  const delays = backoff(100, 2_000, random);
  while (!signal?.aborted) {
    let failure: unknown;
    try {
      const result = await attempt(() => delays.reset());
      if (result !== undefined) return result;
    } catch (error) {
      if (signal?.aborted) break;
      if (!mayRetry(error)) throw error;
      onFailure?.(error);
      failure = error;
    }
    const delayMs = delays.nextMs();
    if (untilMs !== undefined && clock.nowMs() + delayMs >= untilMs) {
      if (failure === undefined) break;
      throw failure;
    }
    await (pause?.(delayMs) ?? sleep(clock, delayMs, signal));
  }
  return undefined;
}

/** The same call may succeed later, perhaps at another replica. */
export function isRetryable(error: unknown): boolean {
  return (error instanceof LbError || error instanceof CliError) && error.retryable;
}
