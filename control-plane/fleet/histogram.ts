/**
 * Histograms as counts in buckets: quantiles, and how one is told in the buckets of another. Pure.
 *
 * Within a bucket observations are taken to be spread evenly, as Prometheus' histogram_quantile does
 * (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile): the first bucket begins at 0,
 * and of the last, which has no upper bound, only its lower one is known.
 *
 * Invariants
 *  - a quantile lies in the bucket that the observation of its rank is in, and grows with its rank;
 *  - changing the buckets keeps the number of observations.
 */
import type { Quantiles__Output } from '../../core/wire/generated/lb/v1/Quantiles.ts';

/** More than any proxy has: what is beyond it is no histogram of ours. */
const MAX_BOUNDS = 64;

/** Counts of buckets: one more than bounds, the last without an upper bound. */
export type Counts = ArrayLike<number>;

/** Whether bounds grow and there is a count for each bucket. */
export function isWellFormed(bounds: readonly number[], counts: Counts): boolean {
  if (bounds.length === 0 || bounds.length > MAX_BOUNDS || counts.length !== bounds.length + 1) return false;
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

/** The same observations in other buckets: a bucket that is cut is shared out by length. */
export function rebucket(from: readonly number[], counts: Counts, to: readonly number[]): number[] {
  const result = Array.from({ length: to.length + 1 }, () => 0);
  let target = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket]!;
    const lower = from[bucket - 1] ?? 0;
    while (target < to.length && to[target]! <= lower) target += 1;
    const upper = from[bucket];
    // Only its lower bound is known: it goes where that is.
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
export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
