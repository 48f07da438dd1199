/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from '../core/runtime/clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly action: () => void;
}

export class FakeClock implements Clock {
  #nowMs = 0;
  #made = 0;
  #wallStartMs: number;
  readonly #pending = new Set<Pending>();

  constructor(wallStartMs = 1_700_000_000_000) {
    this.#wallStartMs = wallStartMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Timer {
    const pending = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#made++, action };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Moves on by `ms` and runs what falls due on the way, in order of time, then of creation. Timers made meanwhile
   * run too when they fall due within the same span.
   */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#pending.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.action();
    }
    this.#nowMs = untilMs;
  }

  /** Like `advance`, but lets promises settle after each timer: for code that awaits between two timers. */
  async advanceSettling(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#pending.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.action();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Moves the time without running any timer, as a blocked event loop does. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Sets the wall clock forward or back, as an operator or NTP does. */
  setWall(byMs: number): void {
    this.#wallStartMs += byMs;
  }

  #next(untilMs: number): Pending | null {
    let first: Pending | null = null;
    for (const pending of this.#pending) {
      if (pending.dueMs > untilMs) continue;
      if (
        !first ||
        pending.dueMs < first.dueMs ||
        (pending.dueMs === first.dueMs && pending.order < first.order)
      ) {
        first = pending;
      }
    }
    return first;
  }
}

/** Resolves once everything that can settle without I/O or time has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
