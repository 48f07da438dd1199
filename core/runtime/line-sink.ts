/**
 * Writes lines and never waits for whoever reads them: the log on standard error, and the connection log in a file, a
 * named pipe or standard output.
 *
 * Invariants
 *  - there is one write at a time; a pipe that is full, or that nobody reads, refuses it at once;
 *  - a bounded number of characters waits; lines beyond it, and lines that cannot be written, are dropped and counted;
 *  - a line is written whole or broken off; after one that was broken off, the next starts on a line of its own;
 *  - the end of the process waits `exitMs` at most, and writes nothing twice.
 */
import { closeSync, write, writeSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';
import { openNonBlocking, type Output } from './nonblocking-output.ts';

const MAX_WRITE_CHARS = 65_536;
const RETRY_MS = 20;
const AFTER_ERROR_MS = 200;
const EXIT_RETRY_MS = 1;
/** How long `end` waits for the lines that still wait. */
const END_MS = 1_000;
const NEWLINE = 0x0a;

/** Why lines were dropped: too many waited, or they could not be written. */
export type DropCause = 'sink_full' | 'sink_error';

export interface LineSinkOptions {
  /** What is written, for the log: `the connection log`. */
  readonly name: string;
  readonly open: () => Output;
  readonly clock: Clock;
  readonly maxWaitingChars: number;
  /** How long the end of the process waits for a reader that is slow. */
  readonly exitMs: number;
  /** `thread`: on one of Node's pool, since a disk can be slow. `now`: before `write` returns, when there is room. */
  readonly writes: 'now' | 'thread';
  /** Where trouble is reported; the log cannot report its own. */
  readonly logger: Logger | null;
}

type Write = (fd: number, bytes: Buffer, done: (error: Error | null, written: number) => void) => void;

/** Standard error. A reader has had all that can wait long before `exitMs` is over. */
export function standardErrorSink(clock: Clock, exitMs = 2_000): LineSink {
  return new LineSink({
    name: 'the log',
    open: () => openNonBlocking(2),
    clock,
    maxWaitingChars: 1_048_576,
    exitMs,
    writes: 'now',
    logger: null,
  });
}

export class LineSink {
  readonly dropped: Record<DropCause, number> = { sink_full: 0, sink_error: 0 };
  /** Lines written. */
  lines = 0;
  readonly #options: LineSinkOptions;
  readonly #write: Write;
  #output: Output;
  #waiting: string[] = [];
  #waitingChars = 0;
  /** The rest of the lines that are being written; null: there are none. Empty: they failed a moment ago. */
  #batch: Buffer | null = null;
  #batchLines = 0;
  /** A thread of the pool has the batch. */
  #isUnderWay = false;
  #isReopenDue = false;
  /** The last byte written was not the end of a line. */
  #isTorn = false;
  #isFailing = false;
  #onIdle: (() => void) | null = null;

  /** Throws what `open` throws. */
  constructor(options: LineSinkOptions) {
    this.#options = options;
    this.#write = options.writes === 'now' ? writeNow : write;
    this.#output = options.open();
    process.on('exit', () => this.#writeAtExit());
  }

  get droppedTotal(): number {
    return this.dropped.sink_full + this.dropped.sink_error;
  }

  /** `line` ends with a newline. */
  write(line: string): void {
    if (this.#waitingChars + line.length > this.#options.maxWaitingChars) {
      this.dropped.sink_full += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#next();
  }

  /** Opens the target again and continues there: a file that was moved away is left to whoever moved it. */
  reopen(): void {
    this.#isReopenDue = true;
    this.#reopenIfDue();
  }

  #reopenIfDue(): void {
    // The descriptor must stay open while a write uses it, and a line must not be continued in another file.
    if (!this.#isReopenDue || this.#isUnderWay || (this.#isTorn && this.#batch)) return;
    this.#isReopenDue = false;
    const { logger, name, open } = this.#options;
    try {
      const before = this.#output.fd;
      this.#output = open();
      this.#isTorn = false;
      closeSync(before);
      logger?.info(`reopened ${name}`);
    } catch (error) {
      logger?.error({ reason: messageOf(error) }, `cannot reopen ${name}; writing to the old file`);
    }
  }

  /** Resolves when everything is written, or after a moment. */
  end(): Promise<void> {
    if (!this.#batch) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(END_MS, resolve);
      this.#onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #next(): void {
    if (this.#batch) return;
    this.#reopenIfDue();
    if (this.#waiting.length === 0) {
      this.#onIdle?.();
      return;
    }
    let text = this.#isTorn ? '\n' : '';
    let count = 0;
    for (const line of this.#waiting) {
      if (count > 0 && text.length + line.length > MAX_WRITE_CHARS) break;
      text += line;
      count += 1;
      this.#waitingChars -= line.length;
    }
    this.#waiting = this.#waiting.slice(count);
    this.#batchLines = count;
    this.#writeOut(Buffer.from(text));
  }

  #writeOut(batch: Buffer): void {
    this.#batch = batch;
    this.#reopenIfDue();
    this.#isUnderWay = true;
    this.#write(this.#output.fd, batch, (error, written) => {
      this.#isUnderWay = false;
      if (!error && written > 0) this.#isTorn = batch[written - 1] !== NEWLINE;
      if (isFull(error)) this.#options.clock.after(RETRY_MS, () => this.#writeOut(batch));
      else if (error) this.#failed(error, batch);
      else if (written < batch.length) this.#writeOut(batch.subarray(written));
      else this.#wrote();
    });
  }

  #wrote(): void {
    if (this.#isFailing) this.#options.logger?.info(`${this.#options.name} can be written again`);
    this.#isFailing = false;
    this.lines += this.#batchLines;
    this.#batch = null;
    this.#next();
  }

  #failed(error: Error, batch: Buffer): void {
    const { clock, logger, name } = this.#options;
    if (!this.#isFailing)
      logger?.error({ reason: error.message }, `cannot write ${name}: its lines are dropped`);
    this.#isFailing = true;
    this.#batch = Buffer.alloc(0);
    const lost = Math.min(
      this.#batchLines,
      batch.reduce((lines, byte) => lines + Number(byte === NEWLINE), 0),
    );
    this.dropped.sink_error += lost;
    this.lines += this.#batchLines - lost;
    clock.after(AFTER_ERROR_MS, () => {
      this.#batch = null;
      this.#next();
    });
  }

  /** Writes what waits. A batch that a thread has is left to it: Node waits for the thread. */
  #writeAtExit(): void {
    const { clock, exitMs } = this.#options;
    const { fd, mayBlock } = this.#output;
    if (mayBlock && exitMs === 0) return;
    const batch = (this.#isUnderWay ? null : this.#batch) ?? Buffer.alloc(0);
    const newline = this.#isTorn && batch.length === 0 ? '\n' : '';
    let rest = Buffer.concat([batch, Buffer.from(newline + this.#waiting.join(''))]);
    const deadline = clock.nowMs() + exitMs;
    // Timers do not run any more, so the thread sleeps.
    const cell = new Int32Array(new SharedArrayBuffer(4));
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        if (!isFull(error) || clock.nowMs() >= deadline) return;
        Atomics.wait(cell, 0, 0, EXIT_RETRY_MS);
      }
    }
  }
}

function writeNow(...[fd, bytes, done]: Parameters<Write>): void {
  let written: number;
  try {
    written = writeSync(fd, bytes);
  } catch (error) {
    done(error as Error, 0);
    return;
  }
  done(null, written);
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
}
