/** The rates of one backend, pool, listener or proxy over the last seconds, and its open connections. Pure. */
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import { type Counts, type HistogramBounds, type Measure, quantilesOf } from './histogram.ts';
import { SlidingCounts } from './sliding-counts.ts';

/** The increase from one report to the next. */
export interface Increase extends Readonly<Record<Measure, Counts | null>> {
  /** Connections, errors, bytes in, bytes out. */
  readonly counts: Counts;
}

/** The seconds that a frame sums up, both ends included. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
}

export class RateSeries {
  /** Open now, on connected proxies. */
  active = 0;
  /** How many proxies report it. With none, it is kept only until nothing of it is left in the window. */
  reporters = 0;
  readonly #counts = new SlidingCounts();
  #connect: SlidingCounts | null = null;
  #firstByte: SlidingCounts | null = null;
  #duration: SlidingCounts | null = null;

  add(at: number, { counts, connect, firstByte, duration }: Increase): void {
    this.#counts.add(at, counts);
    if (connect !== null) (this.#connect ??= new SlidingCounts()).add(at, connect);
    if (firstByte !== null) (this.#firstByte ??= new SlidingCounts()).add(at, firstByte);
    if (duration !== null) (this.#duration ??= new SlidingCounts()).add(at, duration);
  }

  connectionsPerSecond({ from, to, seconds }: Window): number {
    const sums = [0, 0, 0, 0];
    this.#counts.sum(from, to, sums);
    return sums[0]! / seconds;
  }

  isForgotten({ from, to }: Window): boolean {
    return this.reporters === 0 && !this.#counts.sum(from, to, [0, 0, 0, 0]);
  }

  rates({ from, to, seconds }: Window, grid: HistogramBounds): TrafficStats__Output {
    const sums = [0, 0, 0, 0];
    this.#counts.sum(from, to, sums);
    const quantiles = (sliding: SlidingCounts | null, bounds: readonly number[] = []) => {
      const counts = Array.from({ length: bounds.length + 1 }, () => 0);
      return sliding?.sum(from, to, counts) ? quantilesOf(bounds, counts) : null;
    };
    return {
      connectionsActive: this.active,
      connectionsPerSecond: sums[0]! / seconds,
      errorsPerSecond: sums[1]! / seconds,
      bytesInPerSecond: sums[2]! / seconds,
      bytesOutPerSecond: sums[3]! / seconds,
      connect: quantiles(this.#connect, grid.connect),
      firstByte: quantiles(this.#firstByte, grid.firstByte),
      duration: quantiles(this.#duration, grid.duration),
    };
  }
}
