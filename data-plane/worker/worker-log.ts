/**
 * Log records of a worker, as messages to the main thread: a worker writes no log itself, so that a slow sink can't
 * block its loop.
 *
 * Invariant: at most BURST records at once and PER_SECOND over time; the rest is dropped and counted in `logDropped`.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import { WORKER_COUNTERS, type WorkerCells } from '../memory/shared-memory.ts';
import type { FromWorker } from './protocol.ts';

const BURST = 50;
const PER_SECOND = 10;
const DROPPED = WORKER_COUNTERS.indexOf('logDropped');

export type LogRecord = Omit<Extract<FromWorker, { type: 'log' }>, 'type'>;

export class WorkerLog {
  readonly #clock: Clock;
  readonly #counters: Float64Array;
  readonly #post: (message: FromWorker) => void;
  #tokens = BURST;
  #filledMs: number;

  constructor(clock: Clock, cells: Pick<WorkerCells, 'worker'>, post: (message: FromWorker) => void) {
    this.#clock = clock;
    this.#counters = cells.worker;
    this.#post = post;
    this.#filledMs = clock.nowMs();
  }

  write(level: LogRecord['level'], message: string, fields: LogRecord['fields'] = {}): void {
    const nowMs = this.#clock.nowMs();
    this.#tokens = Math.min(BURST, this.#tokens + ((nowMs - this.#filledMs) * PER_SECOND) / 1_000);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) {
      this.#counters[DROPPED]! += 1; // `!`: the counter is in the list.
      return;
    }
    this.#tokens -= 1;
    this.#post({ type: 'log', level, message, fields });
  }
}
