/**
 * Prometheus' text format, for the families that prom-client can't hold: histograms that were counted elsewhere, and
 * series by the ten thousand, which must be rendered in slices lest the event loop stands still.
 */
import type { HistogramCounts } from './counters.ts';
import { HISTOGRAM_CELLS } from './shared-memory.ts';

/** A few milliseconds of rendering. */
const ITEMS_A_SLICE = 100;

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
  counts: HistogramCounts,
): string {
  // Labels are made into text once: there are hundreds of histograms, of sixteen lines each.
  const text = labelText(labels);
  const open = text === '' ? '{' : `${text.slice(0, -1)},`;
  const sum = HISTOGRAM_CELLS - 1;
  let lines = '';
  let count = 0;
  for (let bucket = 0; bucket < sum; bucket += 1) {
    count += counts[bucket] ?? 0;
    const le = numberText(bounds[bucket] ?? Number.POSITIVE_INFINITY);
    lines += `${name}_bucket${open}le="${le}"} ${numberText(count)}\n`;
  }
  return `${lines}${name}_sum${text} ${numberText(counts[sum] ?? 0)}\n${name}_count${text} ${numberText(count)}\n`;
}

/** Does something to each of many, and lets the event loop go on after every slice of them. */
export async function inSlices<T>(items: Iterable<T>, each: (item: T) => void): Promise<void> {
  let done = 0;
  for (const item of items) {
    if (done > 0 && done % ITEMS_A_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    each(item);
    done += 1;
  }
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
