/**
 * Deadlines that count only the time in which this process runs. While it stands still (SIGSTOP, a frozen control group)
 * neither workers nor connections can do anything, so that time proves nothing about them.
 *
 * Invariants
 *  - a pause of any length uses up a tenth of the delay at most, and every wait ends;
 *  - steps that a busy machine has missed are not made up for: they count as passed.
 */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';

const STEPS = 10;
/** The longest that one timer can hold (setTimeout's limit is 2^31 - 1). */
const LONGEST_STEP_MS = 2_000_000_000;
/** A timer that fires later than this has met a pause, not just a busy machine. */
const PAUSE_MS = 1_000;

/** Calls `action` once, after `delayMs` in which this process ran. */
export function afterRunning(clock: Clock, delayMs: number, action: () => void): Timer {
  const steps = Math.max(STEPS, Math.ceil(delayMs / LONGEST_STEP_MS));
  return stepsOfRunning(clock, delayMs, steps, (left) => left === 0 && action());
}

/** Divides such a delay into equal steps, and calls `onStep` after each or after several, with the number of those that are left. */
export function stepsOfRunning(
  clock: Clock,
  delayMs: number,
  steps: number,
  onStep: (left: number) => void,
): Timer {
  let left = steps;
  const stepMs = Math.max(1, Math.ceil(delayMs / steps));
  const busyMs = Math.min(delayMs / STEPS, PAUSE_MS);
  let hasPaused = false;
  const step = (): Timer => {
    const dueMs = clock.nowMs() + stepMs;
    return clock.after(stepMs, () => {
      // A step that ended with a pause is repeated once, so that the last one is not used up by it.
      // Timers of Node may fire a fraction of a millisecond early.
      const lateMs = Math.max(0, clock.nowMs() - dueMs);
      hasPaused = !hasPaused && lateMs > busyMs;
      if (!hasPaused) left = Math.max(0, left - 1 - Math.floor(Math.min(lateMs, busyMs) / stepMs));
      if (left > 0) timer = step();
      if (!hasPaused) onStep(left);
    });
  };
  let timer = step();
  return { cancel: () => timer.cancel() };
}
