/**
 * Calls one after the other until one answers: the next one as soon as one has failed or has been silent for a while.
 *
 * Invariants
 *  - each is called once at most; the first answer wins, and later ones are dropped;
 *  - rejects when all have failed, so it ends at the latest when the last call ends.
 */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';

/**
 * The first answer and the index of the call that gave it. Rejects with the last failure. `patienceMs`: how long a call may
 * be silent before the next one is made as well.
 */
export function firstAnswer<T>(
  calls: readonly (() => Promise<T>)[],
  clock: Clock,
  patienceMs: number,
): Promise<{ readonly answer: T; readonly index: number }> {
  return new Promise((resolve, reject) => {
    let made = 0;
    let failed = 0;
    let timer: Timer | undefined;
    const callNext = () => {
      timer?.cancel();
      const index = made;
      const call = calls[index];
      if (call === undefined) return;
      made += 1;
      timer = clock.after(patienceMs, callNext);
      call().then(
        (answer) => {
          timer?.cancel();
          made = calls.length;
          resolve({ answer, index });
        },
        (failure: unknown) => {
          failed += 1;
          if (failed === calls.length) reject(failure);
          callNext();
        },
      );
    };
    callNext();
  });
}
