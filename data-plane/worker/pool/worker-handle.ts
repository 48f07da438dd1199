/**
 * One worker thread, seen from the main thread.
 *
 * Invariants
 *  - every request gets an answer: null when the thread is gone or late. Only time in which this process runs counts;
 *  - onGone is called once, after which no message arrives.
 */
import type { Clock } from '../../../core/runtime/clock.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import type { FromWorker, ToWorker, WorkerStart } from '../protocol.ts';
import { afterRunning } from './running-time.ts';

/** A thread as the pool sees it: node:worker_threads in production. */
export interface Thread {
  post(message: ToWorker): void;
  terminate(): Promise<unknown>;
}

export interface ThreadEvents {
  onMessage(message: FromWorker): void;
  onError(error: unknown): void;
  /** Always called, and last. */
  onExit(): void;
}

export type StartThread = (start: WorkerStart, events: ThreadEvents) => Thread;

export interface HandleEvents {
  /** A message that answers no request. */
  onNews(message: FromWorker): void;
  onGone(why: string): void;
}

interface Request {
  readonly isAnswer: (message: FromWorker) => boolean;
  readonly answer: (message: FromWorker | null) => void;
}

export class WorkerHandle {
  readonly #thread: Thread;
  readonly #clock: Clock;
  readonly #requests = new Set<Request>();
  readonly #gone: Promise<void>;
  #why = 'it ended by itself';
  #isGone = false;

  /** Throws when the thread can't be started. */
  constructor(startThread: StartThread, start: WorkerStart, clock: Clock, events: HandleEvents) {
    this.#clock = clock;
    let gone = (): void => {};
    this.#gone = new Promise((resolve) => {
      gone = resolve;
    });
    this.#thread = startThread(start, {
      onMessage: (message) => this.#onMessage(message, events),
      onError: (error) => {
        this.#why = messageOf(error);
      },
      onExit: () => {
        this.#isGone = true;
        for (const request of this.#requests) request.answer(null);
        gone();
        events.onGone(this.#why);
      },
    });
  }

  send(message: ToWorker): void {
    if (!this.#isGone) this.#thread.post(message);
  }

  /** Sends a message and waits for its answer: see `expect`. */
  ask(
    message: ToWorker,
    isAnswer: (answer: FromWorker) => boolean,
    deadlineMs: number,
  ): Promise<FromWorker | null> {
    this.send(message);
    return this.expect(isAnswer, deadlineMs);
  }

  /** The first message that `isAnswer` accepts; null when the thread is gone or takes longer than `deadlineMs`. */
  expect(isAnswer: (message: FromWorker) => boolean, deadlineMs: number): Promise<FromWorker | null> {
    if (this.#isGone) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = afterRunning(this.#clock, deadlineMs, () => request.answer(null));
      const request: Request = {
        isAnswer,
        answer: (message) => {
          timer.cancel();
          this.#requests.delete(request);
          resolve(message);
        },
      };
      this.#requests.add(request);
    });
  }

  /** Ends the thread, whatever it is doing. Resolves when it is gone. */
  async kill(why: string): Promise<void> {
    if (!this.#isGone) {
      this.#why = why;
      void this.#thread.terminate();
    }
    await this.#gone;
  }

  #onMessage(message: FromWorker, events: HandleEvents): void {
    for (const request of this.#requests) {
      if (!request.isAnswer(message)) continue;
      request.answer(message);
      return;
    }
    events.onNews(message);
  }
}
