/** By how much histograms grew between two observations: only the buckets that did, as numbers in a row. */
import type { HistogramCounts } from '../memory/counters.ts';
import {
  CONNECT_SECONDS,
  DURATION_SECONDS,
  FIRST_BYTE_SECONDS,
  HISTOGRAM_CELLS,
} from '../memory/shared-memory.ts';

/** The last cell has the sum of all observations, in seconds. */
const BUCKETS = HISTOGRAM_CELLS - 1;

export const HISTOGRAM_BOUNDS = {
  connect: [...CONNECT_SECONDS],
  firstByte: [...FIRST_BYTE_SECONDS],
  duration: [...DURATION_SECONDS],
};

/** Appends `prefix`, the bucket and its increase for each bucket that grew. */
export function appendIncreases(
  cells: number[],
  before: HistogramCounts,
  now: HistogramCounts,
  ...prefix: readonly number[]
): void {
  // One that did not change is the same array.
  if (before === now) return;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const more = (now[bucket] ?? 0) - (before[bucket] ?? 0);
    if (more > 0) cells.push(...prefix, bucket, more);
  }
}

export function increases(before: HistogramCounts, now: HistogramCounts): number[] {
  const cells: number[] = [];
  appendIncreases(cells, before, now);
  return cells;
}
