/**
 * Histograms as counts in buckets: quantiles, and conversion to other buckets. Pure.
 *
 * Observations are assumed to be spread evenly within a bucket, as in Prometheus' histogram_quantile
 * (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile). The first bucket starts at 0; the
 * last one has no upper bound.
 *
 * Invariants
 *  - a quantile lies in the bucket of the observation with its rank, and increases with its rank;
 *  - changing the buckets keeps the number of observations.
 */
import type { Quantiles__Output } from '../../core/wire/generated/lb/v1/Quantiles.ts';

/** More than any proxy has; a histogram with more bounds is invalid. */
const MAX_BOUNDS = 64;

/** Counts per bucket, one more than there are bounds: the last bucket has no upper bound. */
export type Counts = ArrayLike<number>;

export type Measure = 'connect' | 'firstByte' | 'duration';

/** The bounds of each measure; left out: there are no usable ones. */
export type HistogramBounds = { [M in Measure]?: readonly number[] };

/** The usable bounds of those that a proxy sent. */
export function boundsOf(sent: Readonly<Record<Measure, readonly number[]>>): HistogramBounds {
  const usable = Object.entries(sent).filter(([, bounds]) => isWellFormed(bounds));
  return Object.fromEntries(usable);
}

const scratch: { [M in Measure]?: Float64Array } = {};

/**
 * The counts that `cells` names between `from` and `to`: each has a bucket and its observations in its last two numbers.
 * Null: none. The result is overwritten by the next call for the same measure.
 */
export function denseCounts(
  measure: Measure,
  bounds: HistogramBounds,
  cells: readonly number[],
  from: number,
  to: number,
  cellLength: number,
): Counts | null {
  const length = (bounds[measure]?.length ?? -1) + 1;
  if (from === to || length === 0) return null;
  let counts = scratch[measure];
  if (counts?.length !== length) counts = scratch[measure] = new Float64Array(length);
  counts.fill(0);
  for (let end = from + cellLength; end <= to; end += cellLength) {
    const bucket = cells[end - 2]!;
    if (bucket < length) counts[bucket]! += cells[end - 1]!;
  }
  return counts;
}

/** The counts in the buckets of `grid`, which takes over the first bounds that it gets. */
export function onGrid(
  grid: HistogramBounds,
  measure: Measure,
  bounds: readonly number[] | undefined,
  counts: Counts | null,
): Counts | null {
  if (counts === null || bounds === undefined) return null;
  const to = (grid[measure] ??= bounds);
  return sameBounds(bounds, to) ? counts : rebucket(bounds, counts, to);
}

/** Whether the bounds increase. */
function isWellFormed(bounds: readonly number[]): boolean {
  if (bounds.length === 0 || bounds.length > MAX_BOUNDS) return false;
  return bounds.every((bound, index) => Number.isFinite(bound) && bound > (bounds[index - 1] ?? 0));
}

/** Null when nothing was observed. */
export function quantilesOf(bounds: readonly number[], counts: Counts): Quantiles__Output | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) total += counts[bucket]!;
  if (total <= 0) return null;
  const at = (share: number) => quantile(bounds, counts, share * total);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

function quantile(bounds: readonly number[], counts: Counts, rank: number): number {
  let below = 0;
  for (let bucket = 0; bucket < bounds.length; bucket += 1) {
    const count = counts[bucket]!;
    if (count > 0 && below + count >= rank) {
      const lower = bounds[bucket - 1] ?? 0;
      return lower + (bounds[bucket]! - lower) * Math.max(0, (rank - below) / count);
    }
    below += count;
  }
  return bounds.at(-1) ?? 0;
}

/** Converts counts to other buckets. A bucket that spans several is distributed by length. */
export function rebucket(from: readonly number[], counts: Counts, to: readonly number[]): number[] {
  const result = Array.from({ length: to.length + 1 }, () => 0);
  let target = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket]!;
    const lower = from[bucket - 1] ?? 0;
    while (target < to.length && to[target]! <= lower) target += 1;
    const upper = from[bucket];
    // Without an upper bound, the whole bucket goes where its lower bound is.
    if (upper === undefined) result[target]! += count;
    else share(result, to, target, lower, upper, count);
  }
  return result;
}

function share(
  result: number[],
  to: readonly number[],
  first: number,
  lower: number,
  upper: number,
  count: number,
): void {
  let rest = count;
  for (let target = first, start = lower; target < to.length && to[target]! < upper; target += 1) {
    const part = (count * (to[target]! - start)) / (upper - lower);
    result[target]! += part;
    rest -= part;
    start = to[target]!;
  }
  const last = to.findIndex((bound) => bound >= upper);
  result[last === -1 ? to.length : last]! += rest;
}

/** Whether both have the same buckets. */
function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
