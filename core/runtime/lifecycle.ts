/** How a program ends: the first SIGTERM or SIGINT stops it in order, the second at once. */
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

/** Exit code after a second signal, and after a stop that failed. */
const FAILED = 1;

/** Installs the handlers. `stop` must have deadlines of its own; the process exits when it settles. */
export function stopOnSignals(stop: () => Promise<void>, logger: Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      logger.warn({ signal }, 'second signal: ending at once');
      process.exit(FAILED);
    }
    stopping = true;
    logger.info({ signal }, 'stopping; a second signal ends it at once');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error: messageOf(error) }, 'stopping failed');
        process.exit(FAILED);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** SIGHUP, of which a program would die, only makes it read and open files again: those who do so listen for it too. */
export function surviveHangups(logger: Logger): void {
  process.on('SIGHUP', (signal) => logger.debug({ signal }, 'nothing ends at this signal'));
}

/** A failure nobody handled is a defect: say so and end, for a supervisor to start the program afresh. */
export function exitOnUnhandledFailures(logger: Logger): void {
  const end = (error: unknown) => {
    logger.fatal(
      { error: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
      'unhandled failure',
    );
    process.exit(FAILED);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
