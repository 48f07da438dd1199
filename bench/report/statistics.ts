/** Medians and paired ratios. Pure. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value, or the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const lower = sorted.length % 2 === 0 ? upper - 1 : upper;
  return ((sorted[lower] ?? Number.NaN) + (sorted[upper] ?? Number.NaN)) / 2;
}

/** The smallest value that so large a share of them does not exceed: 0.99 for the 99th percentile. NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** What was measured in the same pair, divided: what the machine did to both drops out. */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  const pairs = Math.min(ours.length, theirs.length);
  return Array.from({ length: pairs }, (_, index) => (ours[index] ?? 0) / (theirs[index] ?? 0));
}

/** The same, subtracted. */
export function pairedDifferences(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  const pairs = Math.min(ours.length, theirs.length);
  return Array.from({ length: pairs }, (_, index) => (ours[index] ?? 0) - (theirs[index] ?? 0));
}

/** How far from 1 something compared with itself came: the ruler's own error. */
export function rulerError({ min, max }: Spread): number {
  return Math.max(Math.abs(1 - min), Math.abs(max - 1));
}
