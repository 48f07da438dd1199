/**
 * Where log lines go: standard error, without ever waiting for it. A pipe whose reader is slow, or stopped, would stop
 * a synchronous logger and the event loop with it; so lines that the pipe does not take are kept up to a bound, and
 * dropped and counted beyond it.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Clock } from './clock.ts';

const MAX_WAITING_BYTES = 1_048_576;
const RETRY_MS = 20;

export interface LogSink {
  write(line: string): void;
  /** Lines dropped since the start. */
  readonly dropped: number;
}

export function standardErrorSink(clock: Clock): LogSink {
  const fd = openWithoutBlocking(2);
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let retrying = false;
  let dropped = 0;

  /** True when everything that waited is written. */
  function flush(): boolean {
    for (let first = waiting[0]; first; first = waiting[0]) {
      const written = tryWrite(fd, first);
      waitingBytes -= written;
      if (written < first.length) {
        waiting[0] = first.subarray(written);
        return false;
      }
      waiting.shift();
    }
    return true;
  }

  function retry(): void {
    if (retrying) return;
    retrying = true;
    clock.after(RETRY_MS, () => {
      retrying = false;
      if (!flush()) retry();
    });
  }

  process.on('exit', () => {
    flush();
    if (fd !== 2) closeSync(fd);
  });

  return {
    get dropped() {
      return dropped;
    },
    write(line) {
      const bytes = Buffer.from(line);
      if (waitingBytes + bytes.length > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (!flush()) retry();
    },
  };
}

/**
 * A pipe is opened once more, so that non-blocking writes are ours alone and not forced on whoever shares it. Files
 * and terminals take what they are given.
 */
function openWithoutBlocking(fd: number): number {
  try {
    if (!fstatSync(fd).isFIFO()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
}

/** Bytes taken. 0 when it would block; all, when nobody will ever read them: there is nowhere left to complain. */
function tryWrite(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : bytes.length;
  }
}
