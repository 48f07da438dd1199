/**
 * Where lines go that must never be waited for: a file, a named pipe, or standard output.
 *
 * Invariants
 *  - one write at a time, on a thread of Node's pool; a pipe that nobody reads answers at once that it would block;
 *  - at most MAX_WAITING_BYTES wait; what comes beyond that, and what can't be written, is dropped and counted;
 *  - a line is written whole or broken off at the end of what there was room for: the next one starts on a line of its own;
 *  - the end of the process waits for no reader, and writes nothing twice.
 */
import { closeSync, constants, openSync, write, writeSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { LbError, messageOf } from './errors.ts';
import type { Logger } from './logger.ts';
import { openNonBlocking, type Output } from './nonblocking-output.ts';

const MAX_WAITING_BYTES = 4_194_304;
const MAX_WRITE_BYTES = 65_536;
const RETRY_MS = 20;
const AFTER_ERROR_MS = 200;
/** How long the end waits for a sink that takes nothing. */
const END_MS = 1_000;
const NEWLINE = 0x0a;

/** Why lines were dropped: too many waited, or they could not be written. */
export type DropCause = 'sink_full' | 'sink_error';

export interface LineSinkInputs {
  /** A path, or `-`: standard output. */
  readonly target: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class LineSink {
  readonly dropped: Record<DropCause, number> = { sink_full: 0, sink_error: 0 };
  readonly #inputs: LineSinkInputs;
  /** Lines written. */
  lines = 0;
  #output: Output;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** What is left of the lines on their way; null: there are none. Empty: they failed a moment ago. */
  #batch: Buffer | null = null;
  #batchLines = 0;
  /** A thread of the pool has the batch. */
  #isUnderWay = false;
  #isReopenDue = false;
  /** The last byte written was not the end of a line. */
  #isTorn = false;
  #isFailing = false;
  #onIdle: (() => void) | null = null;

  /** Throws LbError when the target can't be opened. */
  constructor(inputs: LineSinkInputs) {
    this.#inputs = inputs;
    try {
      this.#output = open(inputs.target);
    } catch (error) {
      throw new LbError(
        'FAILED_PRECONDITION',
        `the connection log ${inputs.target} can't be opened: ${messageOf(error)}; name a file that can be written, or a pipe that is read`,
      );
    }
    process.on('exit', () => this.#writeRest());
  }

  /** `line` ends with a newline. */
  write(line: string): void {
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.dropped.sink_full += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#next();
  }

  /** Goes on in a new file of the same name, when the old one was moved away. */
  reopen(): void {
    if (this.#inputs.target === '-') return;
    this.#isReopenDue = true;
    this.#reopenIfDue();
  }

  #reopenIfDue(): void {
    // The descriptor must not be closed while a write to it is under way, nor a line be continued in another file.
    if (!this.#isReopenDue || this.#isUnderWay || (this.#isTorn && this.#batch)) return;
    this.#isReopenDue = false;
    const { logger, target } = this.#inputs;
    try {
      const before = this.#output.fd;
      this.#output = open(target);
      this.#isTorn = false;
      closeSync(before);
      logger.info({ file: target }, 'reopened the connection log');
    } catch (error) {
      logger.error({ file: target, reason: messageOf(error) }, 'the connection log cannot be reopened');
    }
  }

  /** Resolves when everything is written, or after a moment. */
  end(): Promise<void> {
    if (!this.#batch) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#inputs.clock.after(END_MS, resolve);
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
      if (count > 0 && text.length + line.length > MAX_WRITE_BYTES) break;
      text += line;
      count += 1;
      this.#waitingBytes -= line.length;
    }
    this.#waiting = this.#waiting.slice(count);
    this.#batchLines = count;
    this.#writeOut(Buffer.from(text));
  }

  #writeOut(batch: Buffer): void {
    this.#batch = batch;
    this.#reopenIfDue();
    this.#isUnderWay = true;
    write(this.#output.fd, batch, 0, batch.length, null, (error, written) => {
      this.#isUnderWay = false;
      if (!error && written > 0) this.#isTorn = batch[written - 1] !== NEWLINE;
      if (error?.code === 'EAGAIN') this.#inputs.clock.after(RETRY_MS, () => this.#writeOut(batch));
      else if (error) this.#failed(error, batch);
      else if (written < batch.length) this.#writeOut(batch.subarray(written));
      else this.#wrote();
    });
  }

  #wrote(): void {
    if (this.#isFailing) this.#inputs.logger.info({}, 'the connection log is written again');
    this.#isFailing = false;
    this.lines += this.#batchLines;
    this.#batch = null;
    this.#next();
  }

  #failed(error: NodeJS.ErrnoException, batch: Buffer): void {
    if (!this.#isFailing) {
      this.#inputs.logger.error(
        { reason: error.message },
        'the connection log cannot be written: lines are dropped',
      );
    }
    this.#isFailing = true;
    this.#batch = Buffer.alloc(0);
    const lost = Math.min(
      this.#batchLines,
      batch.reduce((lines, byte) => lines + Number(byte === NEWLINE), 0),
    );
    this.dropped.sink_error += lost;
    this.lines += this.#batchLines - lost;
    this.#inputs.clock.after(AFTER_ERROR_MS, () => {
      this.#batch = null;
      this.#next();
    });
  }

  /** The process ends: what a last write takes. The batch under way is left to its thread, for which Node waits. */
  #writeRest(): void {
    if (this.#output.mayBlock) return;
    const batch = (this.#isUnderWay ? null : this.#batch) ?? Buffer.alloc(0);
    const waiting = Buffer.from(this.#waiting.join(''));
    const newline = Buffer.from(this.#isTorn && batch.length === 0 ? '\n' : '');
    try {
      writeSync(this.#output.fd, Buffer.concat([batch, newline, waiting]));
    } catch {
      // There is nobody left to tell.
    }
  }
}

function open(target: string): Output {
  if (target === '-') return openNonBlocking(1);
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  return { fd: openSync(target, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY, 0o640), mayBlock: false };
}
