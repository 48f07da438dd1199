/**
 * What counters and histograms grew by from one report of a proxy to the next. Pure.
 *
 * Invariant: growth is never negative. A counter that goes down began again from 0, as one of a backend that was removed and
 * added does, so all it shows is new.
 */
import type { Histogram__Output } from '../../core/wire/generated/lb/v1/Histogram.ts';
import { type Counts, isWellFormed, rebucket, sameBounds } from './histogram.ts';
import type { Grid, Measure } from './rate-series.ts';

export function grownBy(before: number, now: number): number {
  return now >= before ? now - before : now;
}

interface Kept {
  readonly bounds: readonly number[];
  readonly counts: Counts;
}
/** The histograms of one thing as they were reported last; null: not yet. */
export type Histograms = Record<Measure, Kept | null>;

export function noHistograms(): Histograms {
  return { connect: null, firstByte: null, duration: null };
}

/** A report, as far as it has histograms. One that is unset had no observation, or comes from a proxy that sends none. */
export interface Reported {
  readonly connect: Histogram__Output | null;
  readonly firstByte: Histogram__Output | null;
  readonly duration?: Histogram__Output | null;
}

/**
 * What a report grew by: filled anew for each, and good until the next, since a hundred thousand of them a second are to
 * leave nothing behind.
 */
export const growth = {
  counts: new Float64Array(4),
  connect: null as Counts | null,
  firstByte: null as Counts | null,
  duration: null as Counts | null,
};

/**
 * Writes down what the histograms of a report grew by since `last`, in the buckets of `grid`, which takes over the first
 * bounds it sees. `last` becomes what they are now; one that is left out stands as it was.
 */
export function growHistograms(last: Histograms, report: Reported, grid: Grid): void {
  growth.connect = grow('connect', last, report.connect, grid);
  growth.firstByte = grow('firstByte', last, report.firstByte, grid);
  growth.duration = grow('duration', last, report.duration ?? null, grid);
}

function grow(measure: Measure, last: Histograms, now: Histogram__Output | null, grid: Grid): Counts | null {
  if (now === null) return null;
  const isUsual = isInGrid(now, grid[measure]);
  if (!isUsual && !isWellFormed(now.bounds, now.counts)) return null;
  const bounds = (grid[measure] ??= now.bounds);
  // Every report brings the same bounds anew: one of them is enough.
  const kept = { bounds: isUsual ? bounds : now.bounds, counts: now.counts };
  const before = last[measure];
  const counts =
    before !== null && sameBounds(before.bounds, kept.bounds)
      ? difference(before.counts, now.counts, measure)
      : now.counts;
  last[measure] = kept;
  return sameBounds(kept.bounds, bounds) ? counts : rebucket(now.bounds, counts, bounds);
}

function isInGrid({ bounds, counts }: Kept, grid: readonly number[] | undefined): boolean {
  return grid !== undefined && counts.length === grid.length + 1 && sameBounds(bounds, grid);
}

const scratch: { [M in Measure]?: Float64Array } = {};

function difference(before: Counts, now: Counts, measure: Measure): Counts {
  const length = now.length;
  let grown = scratch[measure];
  if (grown?.length !== length) {
    grown = new Float64Array(length);
    scratch[measure] = grown;
  }
  for (let bucket = 0; bucket < length; bucket += 1) {
    const more = now[bucket]! - before[bucket]!;
    if (!(more >= 0)) return now;
    grown[bucket] = more;
  }
  return grown;
}
