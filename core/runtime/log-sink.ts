/**
 * Where log lines go: standard error, without ever waiting for it. A reader that is slow, or has stopped, would stop a
 * synchronous logger and the event loop with it; so lines that it does not take are kept up to a bound, and dropped and
 * counted beyond it. The end of the process gives it a moment for what is left.
 */
import { writeSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { openNonBlocking } from './nonblocking-output.ts';

const MAX_WAITING_BYTES = 1_048_576;
const RETRY_MS = 20;
/** How long the end of the process waits for a reader. One that reads has had all that can wait long before. */
const END_MS = 2_000;
const END_RETRY_MS = 1;

export interface LogSink {
  write(line: string): void;
  /** Lines dropped since the start: too many waited, or they could not be written. */
  readonly dropped: number;
}

export function standardErrorSink(clock: Clock): LogSink {
  const { fd } = openNonBlocking(2);
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let retrying = false;
  let dropped = 0;

  /** True when nothing waits any more. */
  function flush(): boolean {
    for (let first = waiting[0]; first; first = waiting[0]) {
      const written = tryWrite(fd, first);
      // There is nowhere left to complain.
      if (written === null) dropped += 1;
      const gone = written ?? first.length;
      waitingBytes -= gone;
      if (gone < first.length) {
        waiting[0] = first.subarray(gone);
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
    const deadline = clock.nowMs() + END_MS;
    // No timer runs any more: the thread sleeps.
    const cell = new Int32Array(new SharedArrayBuffer(4));
    while (!flush() && clock.nowMs() < deadline) Atomics.wait(cell, 0, 0, END_RETRY_MS);
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

/** Bytes taken: 0 when there is no room just now. Null when it can't be written: nobody reads it, or the disk is full. */
function tryWrite(fd: number, bytes: Buffer): number | null {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : null;
  }
}
