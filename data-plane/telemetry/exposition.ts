/**
 * Prometheus' text format, for the families that prom-client can't hold: histograms that were counted elsewhere, and
 * series by the ten thousand, which must be rendered in slices lest the event loop stands still.
 */
import type { HistogramCounts } from './counters.ts';

export type Labels = Readonly<Record<string, string>>;

/** The two lines that stand before the samples of a family. */
export function familyHeader(name: string, type: 'counter' | 'gauge' | 'histogram', help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

export function sampleLine(name: string, labels: Labels, value: number): string {
  return `${name}${labelText(labels)} ${numberText(value)}\n`;
}

/** All lines of one histogram. `bounds` are the upper bounds, without the infinite one. */
export function histogramLines(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  { buckets, sum }: HistogramCounts,
): string {
  let lines = '';
  let count = 0;
  for (const [index, inBucket] of buckets.entries()) {
    count += inBucket;
    const le = numberText(bounds[index] ?? Number.POSITIVE_INFINITY);
    lines += `${name}_bucket${labelText({ ...labels, le })} ${numberText(count)}\n`;
  }
  return `${lines}${name}_sum${labelText(labels)} ${numberText(sum)}\n${name}_count${labelText(labels)} ${numberText(count)}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
