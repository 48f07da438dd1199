/** Opens what the lines of the connection log are written to. */
import { constants, openSync } from 'node:fs';
import type { Clock } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { LineSink } from '../../core/runtime/line-sink.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { openNonBlocking, type Output } from '../../core/runtime/nonblocking-output.ts';

/**
 * `target`: `off`, a path, or `-` for standard output. A file is opened again on SIGHUP, so that it can be moved away.
 * Throws LbError when it cannot be opened.
 */
export function openConnectionLog(target: string, clock: Clock, logger: Logger): LineSink | null {
  if (target === 'off') return null;
  const isFile = target !== '-';
  try {
    const sink = new LineSink({
      name: 'the connection log',
      open: () => (isFile ? openFile(target) : openNonBlocking(1)),
      clock,
      maxWaitingChars: 4_194_304,
      exitMs: 0,
      writes: 'thread',
      logger: logger.child({ file: target }),
    });
    if (isFile) process.on('SIGHUP', () => sink.reopen());
    return sink;
  } catch (error) {
    throw new LbError(
      'FAILED_PRECONDITION',
      `cannot open the connection log ${target}: ${messageOf(error)}; name a file that can be written, or a pipe that has a reader`,
    );
  }
}

function openFile(path: string): Output {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  return { fd: openSync(path, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY, 0o640), mayBlock: false };
}
