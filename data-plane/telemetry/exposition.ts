/**
 * Prometheus' text format for all families but the metrics of the process, which prom-client renders: there are
 * histograms that were counted elsewhere, and tens of thousands of series, rendered in slices that do not block the loop.
 */
import type { HistogramCounts } from '../memory/counters.ts';
import { HISTOGRAM_CELLS } from '../memory/shared-memory.ts';

/** Rendering them takes a few milliseconds. */
const ITEMS_A_SLICE = 100;

export type Labels = Readonly<Record<string, string>>;

/**
 * Labels in the text format, without the braces. Made once for all lines of one backend or listener: there are hundreds
 * of histograms with sixteen lines each.
 */
export function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

/** The lines of one counter or gauge. */
export class Samples {
  readonly #name: string;
  #text: string;

  constructor(name: string, type: 'counter' | 'gauge', help: string) {
    this.#name = name;
    this.#text = familyHeader(name, type, help);
  }

  /** `labels`: see labelText. */
  add(labels: string, value: number): void {
    this.#text += `${this.#name}${braced(labels)} ${numberText(value)}\n`;
  }

  toString(): string {
    return this.#text;
  }
}

/** The lines of one family of histograms. */
export class Histograms {
  readonly #name: string;
  /** By bucket: the label with its bound, and what follows before the count. */
  readonly #bounds: readonly string[];
  #text: string;

  /** `bounds` are the upper bounds, without the infinite one. */
  constructor(name: string, bounds: readonly number[], help: string) {
    this.#name = name;
    this.#bounds = [...bounds, Number.POSITIVE_INFINITY].map((bound) => `le="${numberText(bound)}"} `);
    this.#text = familyHeader(name, 'histogram', help);
  }

  /** `labels`: see labelText. */
  add(labels: string, counts: HistogramCounts): void {
    const start = `${this.#name}_bucket{${labels}${labels === '' ? '' : ','}`;
    let count = 0;
    let lines = '';
    for (let bucket = 0; bucket < this.#bounds.length; bucket += 1) {
      count += counts[bucket] ?? 0;
      lines += `${start}${this.#bounds[bucket]}${count}\n`;
    }
    const end = braced(labels);
    const sum = numberText(counts[HISTOGRAM_CELLS - 1] ?? 0);
    this.#text += `${lines}${this.#name}_sum${end} ${sum}\n${this.#name}_count${end} ${count}\n`;
  }

  toString(): string {
    return this.#text;
  }
}

/** Calls `each` for every item, and lets the event loop run after every slice of items. */
export async function inSlices<T>(items: Iterable<T>, each: (item: T) => void): Promise<void> {
  let done = 0;
  for (const item of items) {
    if (done > 0 && done % ITEMS_A_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    each(item);
    done += 1;
  }
}

/** The two lines before the samples of a family. */
function familyHeader(name: string, type: 'counter' | 'gauge' | 'histogram', help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
