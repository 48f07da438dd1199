/**
 * Chooses the backends, pools and listeners that /metrics shows by name: a bounded number of each, since each has dozens of
 * series.
 *
 * Promises
 *  - as many as the limit allows, and all of them when they fit;
 *  - the busiest come first, by connections established; among equals the first by name;
 *  - a backend keeps its name until another is more than STAYS_AT times as busy: otherwise backends that are equally busy
 *    would alternate at every scrape, and each change starts new series.
 */

const STAYS_AT = 2;

interface Candidate {
  readonly key: string;
  readonly isNamed: boolean;
  readonly weight: number;
}

export class BusiestBackends {
  readonly #limit: number;
  #named: ReadonlySet<string> = new Set();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether the last choice includes it. */
  isNamed(key: string): boolean {
    return this.#named.has(key);
  }

  /** The keys of the backends to name from now on. */
  choose(backends: ReadonlyMap<string, { readonly connections: number }>): ReadonlySet<string> {
    const hasRoom = backends.size <= this.#limit;
    this.#named = new Set(hasRoom ? backends.keys() : this.#best(backends));
    return this.#named;
  }

  /** One pass over tens of thousands keeps the best in order: most are only compared with the last of those. */
  #best(backends: ReadonlyMap<string, { readonly connections: number }>): string[] {
    const best: Candidate[] = [];
    for (const [key, { connections }] of backends) {
      const isNamed = this.#named.has(key);
      const candidate = { key, isNamed, weight: isNamed ? connections * STAYS_AT : connections };
      const last = best[this.#limit - 1];
      if (last && !precedes(candidate, last)) continue;
      if (last) best.pop();
      best.splice(insertionIndex(candidate, best), 0, candidate);
    }
    return best.map(({ key }) => key);
  }
}

function precedes(a: Candidate, b: Candidate): boolean {
  if (a.weight !== b.weight) return a.weight > b.weight;
  return a.isNamed === b.isNamed ? a.key < b.key : a.isNamed;
}

/** The index in the ordered list where the candidate belongs. */
function insertionIndex(candidate: Candidate, best: readonly Candidate[]): number {
  let low = 0;
  let high = best.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // `!`: below the length.
    if (precedes(candidate, best[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
