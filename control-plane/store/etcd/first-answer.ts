/**
 * Asks one after the other until one answers: the next one as soon as one failed, or has said nothing for a while.
 *
 * Invariants
 *  - each is asked once at most; the first answer wins, and what comes later is dropped;
 *  - rejects when all have failed, so it ends at the latest when the last of them ends.
 */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';

export interface FirstAnswerOptions {
  readonly clock: Clock;
  /** How long one may say nothing before the next one is asked too. */
  readonly patienceMs: number;
}

/** The first answer, and the index of who gave it. Rejects with the last failure. */
export function firstAnswer<T>(
  asks: readonly (() => Promise<T>)[],
  { clock, patienceMs }: FirstAnswerOptions,
): Promise<{ readonly answer: T; readonly index: number }> {
  return new Promise((resolve, reject) => {
    let asked = 0;
    let failed = 0;
    let timer: Timer | undefined;
    const askNext = () => {
      timer?.cancel();
      const index = asked;
      const ask = asks[index];
      if (ask === undefined) return;
      asked += 1;
      timer = clock.after(patienceMs, askNext);
      ask().then(
        (answer) => {
          timer?.cancel();
          asked = asks.length;
          resolve({ answer, index });
        },
        (failure: unknown) => {
          failed += 1;
          if (failed === asks.length) reject(failure);
          askNext();
        },
      );
    };
    askNext();
  });
}
