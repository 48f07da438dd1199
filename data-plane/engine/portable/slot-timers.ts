/** The timers of all slots of a worker: the timing wheel, driven by one timer of the clock at a time. */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';
import { TimingWheel } from '../timing-wheel.ts';

const TICK_MS = 10;
/** Far below what setTimeout can hold; waking for nothing once an hour costs nothing. */
const LONGEST_SLEEP_MS = 3_600_000;

export class SlotTimers {
  readonly #clock: Clock;
  readonly #wheel: TimingWheel;
  readonly #expire: (slot: number) => void;
  #alarm: Timer | null = null;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, expire: (slot: number) => void) {
    this.#clock = clock;
    this.#expire = expire;
    this.#wheel = new TimingWheel(TICK_MS, clock.nowMs());
  }

  /** Starts or moves the timer of a slot: `expire` is called once, `delayMs` from now or a little later. */
  set(slot: number, delayMs: number): void {
    const deadlineMs = this.#clock.nowMs() + delayMs;
    this.#wheel.set(slot, deadlineMs);
    if (deadlineMs + TICK_MS < this.#alarmAtMs) this.#arm();
  }

  cancel(slot: number): void {
    this.#wheel.cancel(slot);
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#alarmAtMs = Number.NEGATIVE_INFINITY;
  }

  #arm(): void {
    this.#alarm?.cancel();
    const nowMs = this.#clock.nowMs();
    this.#alarmAtMs = Math.min(this.#wheel.nextMs(), nowMs + LONGEST_SLEEP_MS);
    this.#alarm = this.#clock.after(Math.max(1, Math.ceil(this.#alarmAtMs - nowMs)), () => this.#wake());
  }

  #wake(): void {
    this.#alarm = null;
    // Until the wheel has advanced, set() need not arm anything.
    this.#alarmAtMs = Number.NEGATIVE_INFINITY;
    this.#wheel.advance(this.#clock.nowMs(), this.#expire);
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    if (this.#wheel.count > 0) this.#arm();
  }
}
