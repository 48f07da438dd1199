import type { Clock } from '../../core/runtime/clock.ts';

/** What `work` gives, or `late()` once `deadlineMs` have passed. What `work` gives later is dropped, errors too. */
export function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  work: Promise<T>,
  late: () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(deadlineMs, () => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    });
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
