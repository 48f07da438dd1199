/** Time, as an argument. Only this file may touch the system clock and timers; tests pass a fake. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970, to be shown. May jump. */
  wallMs(): number;
  /** Milliseconds since an arbitrary moment, the same for all threads of this process. For measuring; never goes back. */
  nowMs(): number;
  /** Calls `action` once, `delayMs` from now. The timer does not keep the process alive. */
  after(delayMs: number, action: () => void): Timer;
}

/** Each thread has an origin of its own, and a sum of two is not exact. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  nowMs: () => originMs + performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs`, or at once when `signal` is or becomes aborted. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** Calls `action` every `intervalMs`, the first time after one interval, until it is cancelled. */
export function every(clock: Clock, intervalMs: number, action: () => void): Timer {
  let timer = clock.after(intervalMs, function tick() {
    timer = clock.after(intervalMs, tick);
    action();
  });
  return { cancel: () => timer.cancel() };
}

/** Time to read what has arrived while this process stood still: timers run before that. */
const READ_MS = 250;

/**
 * For a deadline of somebody else's sign of life. `action` runs after `delayMs`, and never right after this process stood
 * still (a stopped container, a suspended host): first it reads what had come by then, and may cancel the timer.
 */
export function afterReading(clock: Clock, delayMs: number, action: () => void): Timer {
  let timer = clock.after(delayMs - READ_MS, () => {
    timer = clock.after(READ_MS, action);
  });
  return { cancel: () => timer.cancel() };
}
