/**
 * What counters and histograms grew by from one report of a proxy to the next. Pure.
 *
 * Invariant: growth is never negative. A counter that goes down began again from 0, as one of a backend that was removed and
 * added does, so all it shows is new.
 */
import type { Histogram__Output } from '../../core/wire/generated/lb/v1/Histogram.ts';
import { type Counts, isWellFormed, rebucket, sameBounds } from './histogram.ts';
import { type Grid, MEASURES, type Measure } from './series.ts';

export function grownBy(before: number, now: number): number {
  return now >= before ? now - before : now;
}

interface Kept {
  readonly bounds: readonly number[];
  readonly counts: Counts;
}
/** The histograms of one thing as they were reported last. */
export type Histograms = { [M in Measure]?: Kept };

/** A report, as far as it has histograms. One that is unset had no observation, or comes from a proxy that sends none. */
export type Reported = { readonly [M in Measure]?: Histogram__Output | null };

/**
 * What the histograms of a report grew by since `last`, in the buckets of `grid`, which takes over the first bounds it sees.
 * `last` becomes what they are now; one that is left out stands as it was.
 */
export function histogramsGrowth(
  last: Histograms,
  report: Reported,
  grid: Grid,
): Partial<Record<Measure, Counts>> {
  const growth: Partial<Record<Measure, Counts>> = {};
  for (const measure of MEASURES) {
    const now = report[measure] ?? null;
    if (now === null || !isWellFormed(now.bounds, now.counts)) continue;
    const bounds = (grid[measure] ??= now.bounds);
    const isSame = sameBounds(bounds, now.bounds);
    const before = last[measure];
    const counts =
      before !== undefined && sameBounds(before.bounds, now.bounds)
        ? difference(before.counts, now.counts)
        : now.counts;
    growth[measure] = isSame ? counts : rebucket(now.bounds, counts, bounds);
    // Every report brings the same bounds anew: one of them is enough.
    last[measure] = { bounds: isSame ? bounds : now.bounds, counts: now.counts };
  }
  return growth;
}

function difference(before: Counts, now: Counts): Counts {
  const grown: number[] = [];
  for (let bucket = 0; bucket < now.length; bucket += 1) {
    const more = now[bucket]! - before[bucket]!;
    if (!(more >= 0)) return now;
    grown.push(more);
  }
  return grown;
}
