/**
 * By how much counters and histograms increased from one report of a proxy to the next. Pure.
 *
 * Invariant: an increase is never negative. A counter that went down was reset to 0, for example because its backend was
 * removed and added again, so its whole value is new.
 */
import type { Histogram__Output } from '../../core/wire/generated/lb/v1/Histogram.ts';
import { type Counts, isWellFormed, rebucket, sameBounds } from './histogram.ts';
import type { Grid, Measure } from './rate-series.ts';

export function increaseOf(before: number, now: number): number {
  return now >= before ? now - before : now;
}

interface Kept {
  readonly bounds: readonly number[];
  readonly counts: Counts;
}
/** The last reported histograms of a backend or listener; null: none yet. */
export type Histograms = Record<Measure, Kept | null>;

export function emptyHistograms(): Histograms {
  return { connect: null, firstByte: null, duration: null };
}

/** The histograms of a report. One that is unset has no observations, or the proxy does not send it. */
export interface ReportedHistograms {
  readonly connect: Histogram__Output | null;
  readonly firstByte: Histogram__Output | null;
  readonly duration?: Histogram__Output | null;
}

/**
 * The increase of the current report. This one object is overwritten by each report, because a hundred thousand of them a
 * second must not leave garbage.
 */
export const increase = {
  counts: new Float64Array(4),
  connect: null as Counts | null,
  firstByte: null as Counts | null,
  duration: null as Counts | null,
};

/**
 * Sets the histograms of `increase` to their increase since `last`, in the buckets of `grid`, which takes over the first
 * bounds that it gets. `last` becomes the reported histograms; one that is left out stays as it was.
 */
export function increaseHistograms(last: Histograms, report: ReportedHistograms, grid: Grid): void {
  increase.connect = histogramIncrease('connect', last, report.connect, grid);
  increase.firstByte = histogramIncrease('firstByte', last, report.firstByte, grid);
  increase.duration = histogramIncrease('duration', last, report.duration ?? null, grid);
}

function histogramIncrease(
  measure: Measure,
  last: Histograms,
  now: Histogram__Output | null,
  grid: Grid,
): Counts | null {
  if (now === null) return null;
  const isUsual = isInGrid(now, grid[measure]);
  if (!isUsual && !isWellFormed(now.bounds, now.counts)) return null;
  const bounds = (grid[measure] ??= now.bounds);
  // Every report repeats the same bounds, so one copy of them is kept.
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
  let increased = scratch[measure];
  if (increased?.length !== length) {
    increased = new Float64Array(length);
    scratch[measure] = increased;
  }
  for (let bucket = 0; bucket < length; bucket += 1) {
    const more = now[bucket]! - before[bucket]!;
    if (!(more >= 0)) return now;
    increased[bucket] = more;
  }
  return increased;
}
