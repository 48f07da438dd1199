/**
 * Delays between retries: doubling from `minMs` up to `maxMs`, each drawn from the upper half of its step, so that
 * many clients that fail together do not come back together.
 */
import type { Random } from './random.ts';

export interface Backoff {
  /** How long to wait before the next attempt, in milliseconds. */
  nextMs(): number;
  /** Call after a success. */
  reset(): void;
}

export function backoff(minMs: number, maxMs: number, random: Random): Backoff {
  let step = minMs;
  return {
    nextMs() {
      const delay = step / 2 + (random.next() * step) / 2;
      step = Math.min(step * 2, maxMs);
      return delay;
    },
    reset() {
      step = minMs;
    },
  };
}
