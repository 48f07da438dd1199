/** When each check is due, and whose turn it is when more are due than may run at once. Pure. */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Random } from '../../core/runtime/random.ts';
import { type HealthState, isInTransition } from './health-machine.ts';

/** For a backend between two states, or ejected. */
const FAST_INTERVAL_MS = 1_000;
/** If more backends than this are new at once, their first checks are spread over time. */
const AT_ONCE = 32;
/** First checks are spread over a second, or over more when they would be more than this in a millisecond. */
const FIRST_CHECKS_A_MS = 2;
const JITTER = 0.1;

/** How long the first check of one of `newcomers` backends is delayed. */
export function firstDelayMs(newcomers: number, check: HealthCheck, random: Random): number {
  if (newcomers <= AT_ONCE) return 0;
  return (
    random.next() * Math.min(check.intervalMs, Math.max(FAST_INTERVAL_MS, newcomers / FIRST_CHECKS_A_MS))
  );
}

/** From the start of one check to the next, for one backend. While it is kept out, passing would not bring it back. */
export function intervalMs(state: HealthState, check: HealthCheck, nowMs: number): number {
  const usual =
    state.health === 'unhealthy' ? (check.unhealthyIntervalMs ?? check.intervalMs) : check.intervalMs;
  if (!isInTransition(state)) return usual;
  return Math.min(usual, Math.max(FAST_INTERVAL_MS, (state.out?.untilMs ?? 0) - nowMs));
}

/** Plus or minus a tenth, so that checks never synchronize. */
export function jittered(ms: number, random: Random): number {
  return ms * (1 - JITTER + 2 * JITTER * random.next());
}

/**
 * The checks that may run at once, shared fairly by the pools that they are made for.
 *
 * Invariants
 *  - many silent backends hold a check each for seconds: a pool full of them takes four fifths, two take four ninths
 *    each, and however many there are, the next check of a pool with none goes first;
 *  - the checks of a pool that wait begin in the order in which they were due; pools take turns.
 */
export class CheckTurns<Check> {
  #free: number;
  readonly #running = new Map<string, number>();
  readonly #waiting = new Map<string, Set<Check>>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Takes a turn. False: the check waits until `next` returns it. */
  take(pool: string, check: Check): boolean {
    if (this.#take(pool)) return true;
    this.#waiting.set(pool, (this.#waiting.get(pool) ?? new Set()).add(check));
    return false;
  }

  /** A check of the pool is over. */
  end(pool: string): void {
    const running = (this.#running.get(pool) ?? 0) - 1;
    if (running > 0) this.#running.set(pool, running);
    else this.#running.delete(pool);
    this.#free += 1;
  }

  /** The check no longer waits. */
  giveUp(pool: string, check: Check): void {
    const waiting = this.#waiting.get(pool);
    waiting?.delete(check);
    if (waiting?.size === 0) this.#waiting.delete(pool);
  }

  /** One that waited and has its turn now; null: nothing waits, or nothing may begin. */
  next(): Check | null {
    for (const [pool, waiting] of this.#waiting) {
      for (const check of waiting) {
        if (!this.#take(pool)) break;
        waiting.delete(check);
        // To the end of the line of pools.
        this.#waiting.delete(pool);
        if (waiting.size > 0) this.#waiting.set(pool, waiting);
        return check;
      }
    }
    return null;
  }

  #take(pool: string): boolean {
    const running = this.#running.get(pool) ?? 0;
    if (running >= 4 * this.#free) return false;
    this.#running.set(pool, running + 1);
    this.#free -= 1;
    return true;
  }
}
