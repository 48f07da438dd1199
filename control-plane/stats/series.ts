/** What went through one thing in the last seconds, on all proxies together, and what is open on it now. Pure. */
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import { type Counts, quantilesOf } from './histogram.ts';
import { SlidingCounts } from './sliding-counts.ts';

export const MEASURES = ['connect', 'firstByte', 'duration'] as const;
export type Measure = (typeof MEASURES)[number];

/** The bounds of each measure's buckets, the same in all series; left out: none was ever reported. */
export type Grid = { [M in Measure]?: readonly number[] };

/** What came from one report to the next. */
export interface Growth extends Readonly<Partial<Record<Measure, Counts>>> {
  /** Connections, errors, bytes in, bytes out. */
  readonly counts: Counts;
}

/** Slots whose sums a frame shows, both ends included. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
}

export class Series {
  /** Open now, on connected proxies. */
  active = 0;
  /** How many reports speak of it: of none, it is only kept until its past has left the window. */
  reporters = 0;
  readonly #counts = new SlidingCounts();
  readonly #histograms: { [M in Measure]?: SlidingCounts } = {};

  add(at: number, growth: Growth): void {
    this.#counts.add(at, growth.counts);
    for (const measure of MEASURES) {
      const counts = growth[measure];
      if (counts) (this.#histograms[measure] ??= new SlidingCounts()).add(at, counts);
    }
  }

  connectionsPerSecond({ from, to, seconds }: Window): number {
    const sums = [0, 0, 0, 0];
    this.#counts.sum(from, to, sums);
    return sums[0]! / seconds;
  }

  isForgotten({ from, to }: Window): boolean {
    return this.reporters === 0 && !this.#counts.sum(from, to, [0, 0, 0, 0]);
  }

  traffic({ from, to, seconds }: Window, grid: Grid): TrafficStats__Output {
    const sums = [0, 0, 0, 0];
    this.#counts.sum(from, to, sums);
    const quantiles = (measure: Measure) => {
      const bounds = grid[measure];
      if (bounds === undefined) return null;
      const counts = Array.from({ length: bounds.length + 1 }, () => 0);
      return this.#histograms[measure]?.sum(from, to, counts) ? quantilesOf(bounds, counts) : null;
    };
    return {
      connectionsActive: this.active,
      connectionsPerSecond: sums[0]! / seconds,
      errorsPerSecond: sums[1]! / seconds,
      bytesInPerSecond: sums[2]! / seconds,
      bytesOutPerSecond: sums[3]! / seconds,
      connect: quantiles('connect'),
      firstByte: quantiles('firstByte'),
      duration: quantiles('duration'),
    };
  }
}

/** Of something that nobody reported. */
export const NO_TRAFFIC: TrafficStats__Output = {
  connectionsActive: 0,
  connectionsPerSecond: 0,
  errorsPerSecond: 0,
  bytesInPerSecond: 0,
  bytesOutPerSecond: 0,
  connect: null,
  firstByte: null,
  duration: null,
};
