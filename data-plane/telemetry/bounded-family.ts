/**
 * The samples of a counter or gauge, from scrape to scrape. Pools and listeners that are named have series of their own; all
 * others share the series of `(other)`, so that the number of series is bounded.
 *
 * Invariant: no counter goes backwards: `(other)` includes what a pool or listener counts while it has no name, and keeps it
 * when that one gets a name or is removed.
 */
import { type Labels, labelText, Samples } from './exposition.ts';

/** No pool or listener can be called so. */
const OTHER = '(other)';

export interface Names {
  readonly pool: ReadonlySet<string>;
  readonly listener: ReadonlySet<string>;
}

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** How the values of others are combined in a gauge; undefined: they are added up. The growth of a counter always is. */
  readonly combine?: (a: number, b: number) => number;
}

export class BoundedFamily {
  readonly #family: Family;
  /** By labels: the value at the last scrape. */
  #last = new Map<string, number>();
  /** By labels: the value of `(other)`. */
  #others = new Map<string, number>();

  constructor(family: Family) {
    this.#family = family;
  }

  render(all: readonly (readonly [Labels, number])[], names: Names): string {
    const { name, type, help } = this.#family;
    const samples = new Samples(name, type, help);
    const now = new Map<string, number>();
    if (type === 'gauge') this.#others = new Map();
    for (const [labels, value] of all) {
      const text = labelText(labels);
      now.set(text, value);
      const other = otherOf(labels, names);
      if (other === null) samples.add(text, value);
      else this.#addToOther(other, type === 'gauge' ? value : growth(this.#last.get(text), value));
    }
    this.#last = now;
    for (const [labels, value] of this.#others) samples.add(labels, value);
    return samples.toString();
  }

  #addToOther(labels: string, value: number): void {
    const { combine = (a, b) => a + b } = this.#family;
    const before = this.#others.get(labels);
    this.#others.set(labels, before === undefined ? value : combine(before, value));
  }
}

/** The labels of `(other)` instead of those of a pool or listener that has no name; null: it has one. */
function otherOf(labels: Labels, names: Names): string | null {
  const { pool, listener } = labels;
  if (pool !== undefined && !names.pool.has(pool)) return labelText({ ...labels, pool: OTHER });
  if (listener !== undefined && !names.listener.has(listener))
    return labelText({ ...labels, listener: OTHER });
  return null;
}

/** A counter that is lower than before began again: its pool or listener was removed, and came back. */
function growth(before = 0, now: number): number {
  return now < before ? now : now - before;
}
