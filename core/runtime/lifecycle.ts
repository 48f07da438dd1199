/** The end of a program: the first SIGTERM or SIGINT stops it in order, the second at once. */
import { readFileSync, writeSync } from 'node:fs';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

/** Exit code after a second signal, and after a stop that failed. */
const FAILED = 1;

/** Installs the handlers. `stop` must have deadlines of its own; the process exits when it settles. */
export function stopOnSignals(stop: () => Promise<void>, logger: Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      logger.warn({ signal }, 'second signal: exiting at once');
      process.exit(FAILED);
    }
    stopping = true;
    logger.info({ signal }, 'stopping; a second signal ends the program at once');
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

/** Keeps SIGHUP from ending the program. It makes others, which listen for it too, read or open their files again. */
export function surviveHangups(logger: Logger): void {
  process.on('SIGHUP', (signal) => logger.debug({ signal }, 'this signal does not end the program'));
}

/** An unhandled failure is a defect: logs it and exits, so that a supervisor can restart the program. */
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

/**
 * Ends the process with a line in its log when it may have fewer than `least` descriptors. To be called before the files of
 * the program are imported: Node fails there with a stack trace that says nothing.
 */
export function requireDescriptors(program: string, least: number): void {
  const limit = descriptorLimit();
  if (limit >= least) return;
  const msg = `cannot start: the descriptor limit is ${limit}, and ${program} needs at least ${least}; raise it with LimitNOFILE in a systemd unit, --ulimit nofile for a container, or ulimit -n in a shell`;
  const line = { level: 'fatal', time: new Date().toISOString(), program, msg };
  writeSync(2, `${JSON.stringify(line)}\n`);
  process.exit(1);
}

/** How many descriptors this process may have; infinite where it can't be read. */
export function descriptorLimit(): number {
  try {
    const text = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
