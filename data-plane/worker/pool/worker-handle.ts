/**
 * One worker thread, seen from the main thread.
 *
 * Invariants
 *  - every question is answered: with null when the thread is gone, or late;
 *  - onGone is called once, after which no message arrives.
 */
import type { Clock } from '../../../core/runtime/clock.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import type { FromWorker, ToWorker, WorkerStart } from '../protocol.ts';

/** What is needed of a thread: node:worker_threads in production. */
export interface Thread {
  post(message: ToWorker): void;
  terminate(): Promise<unknown>;
}

export interface ThreadEvents {
  onMessage(message: FromWorker): void;
  onError(error: unknown): void;
  /** The last one, and always. */
  onExit(): void;
}

export type StartThread = (start: WorkerStart, events: ThreadEvents) => Thread;

export interface HandleEvents {
  /** What is no answer. */
  onNews(message: FromWorker): void;
  onGone(why: string): void;
}

interface Question {
  readonly isAnswer: (message: FromWorker) => boolean;
  readonly answer: (message: FromWorker | null) => void;
}

export class WorkerHandle {
  readonly #thread: Thread;
  readonly #clock: Clock;
  readonly #questions = new Set<Question>();
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
        for (const question of this.#questions) question.answer(null);
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

  /** The first message that `isAnswer`, or null when the thread is gone or takes longer than `deadlineMs`. */
  expect(isAnswer: (message: FromWorker) => boolean, deadlineMs: number): Promise<FromWorker | null> {
    if (this.#isGone) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = this.#clock.after(deadlineMs, () => question.answer(null));
      const question: Question = {
        isAnswer,
        answer: (message) => {
          timer.cancel();
          this.#questions.delete(question);
          resolve(message);
        },
      };
      this.#questions.add(question);
    });
  }

  /** Ends the thread, whatever it does. Resolves when it is gone. */
  async kill(why: string): Promise<void> {
    if (!this.#isGone) {
      this.#why = why;
      void this.#thread.terminate();
    }
    await this.#gone;
  }

  #onMessage(message: FromWorker, events: HandleEvents): void {
    for (const question of this.#questions) {
      if (!question.isAnswer(message)) continue;
      question.answer(message);
      return;
    }
    events.onNews(message);
  }
}
