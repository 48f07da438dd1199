/**
 * How a proxy stops: not ready, but accepting, for the shutdown delay; then it accepts nothing, waits for its
 * connections, resets what is left, and says goodbye.
 */
import { type Clock, sleep } from '../core/runtime/clock.ts';
import type { Logger } from '../core/runtime/logger.ts';

/** The steps, in their order. Each is bounded by itself. */
export interface ShutdownSteps {
  /** Takes no configuration any more. */
  unsubscribe(): void;
  stopAccepting(): Promise<void>;
  connections(): number;
  /** Waits up to `drainMs` for connections to end, resets the rest and ends the workers. */
  drain(drainMs: number): Promise<void>;
  /** Reports the last of it, and that this was on purpose. */
  sayGoodbye(): Promise<void>;
  release(): void;
}

export interface ShutdownTimes {
  readonly shutdownDelayMs: number;
  readonly drainTimeoutMs: number;
}

export async function shutDown(
  steps: ShutdownSteps,
  { shutdownDelayMs, drainTimeoutMs }: ShutdownTimes,
  clock: Clock,
  logger: Logger,
): Promise<void> {
  if (shutdownDelayMs > 0) {
    logger.info(
      { delay_ms: shutdownDelayMs },
      'not ready any more; accepting until the shutdown delay is over',
    );
    await sleep(clock, shutdownDelayMs);
  }
  steps.unsubscribe();
  await steps.stopAccepting();
  const connections = steps.connections();
  logger.info(
    { connections, timeout_ms: drainTimeoutMs },
    'accepting nothing any more; waiting for open connections',
  );
  await steps.drain(drainTimeoutMs);
  await steps.sayGoodbye();
  steps.release();
  logger.info('stopped');
}
