/**
 * All counts of one backend, summed over all workers, and their growth since the last reading: for one reader, /metrics,
 * which reads ten thousand backends per scrape. A reading allocates nothing.
 *
 * Invariant: counts of an earlier owner of the row are neither shown nor taken for growth (generation).
 */
import type { HistogramCounts } from './counters.ts';
import {
  BACKEND_COUNTERS,
  HISTOGRAM_CELLS,
  MAX_BACKENDS,
  type SharedCells,
  type WorkerCells,
} from './shared-memory.ts';

const COUNTERS = BACKEND_COUNTERS.length;
/** They follow the counters, HISTOGRAM_CELLS each. */
const HISTOGRAMS = ['backendConnectSeconds', 'backendFirstByteSeconds', 'backendDurationSeconds'] as const;
const WIDTH = COUNTERS + HISTOGRAMS.length * HISTOGRAM_CELLS;

/** Counters in the order of BACKEND_COUNTERS, then the histograms. */
export type BackendTotals = Float64Array;

/** The next reading overwrites it. */
export interface TotalsReading {
  readonly total: BackendTotals;
  /** Since this backend was last read; the total at the first reading. */
  readonly growth: BackendTotals;
}

export function noTotals(): BackendTotals {
  return new Float64Array(WIDTH);
}

export function addTotals(to: BackendTotals, counts: BackendTotals): void {
  // `!`: both have the same length.
  for (let cell = 0; cell < WIDTH; cell += 1) to[cell]! += counts[cell]!;
}

export function counterOf(totals: BackendTotals, counter: (typeof BACKEND_COUNTERS)[number]): number {
  return totals[BACKEND_COUNTERS.indexOf(counter)] ?? 0;
}

export function histogramOf(totals: BackendTotals, which: (typeof HISTOGRAMS)[number]): HistogramCounts {
  const start = COUNTERS + HISTOGRAMS.indexOf(which) * HISTOGRAM_CELLS;
  return totals.subarray(start, start + HISTOGRAM_CELLS);
}

export class BackendTotalsReader {
  readonly #shared: SharedCells;
  readonly #workers: readonly WorkerCells[];
  readonly #reading: TotalsReading = { total: noTotals(), growth: noTotals() };
  // By row, at full length from the start: rows that are never read take no memory.
  readonly #generations = new Int32Array(MAX_BACKENDS);
  readonly #last = new Float64Array(MAX_BACKENDS * WIDTH);

  constructor(shared: SharedCells, workers: readonly WorkerCells[]) {
    this.#shared = shared;
    this.#workers = workers;
  }

  /** Null when the row was given to another backend. */
  read({ row, generation }: { readonly row: number; readonly generation: number }): TotalsReading | null {
    if (Atomics.load(this.#shared.generation, row) !== generation) return null;
    const start = row * WIDTH;
    if (this.#generations[row] !== generation) {
      this.#generations[row] = generation;
      this.#last.fill(0, start, start + WIDTH);
    }
    const { total, growth } = this.#reading;
    this.#sum(row, total);
    // `!`: rows lie within the cells.
    for (let cell = 0; cell < WIDTH; cell += 1) {
      growth[cell] = total[cell]! - this.#last[start + cell]!;
      this.#last[start + cell] = total[cell]!;
    }
    return this.#reading;
  }

  #sum(row: number, total: BackendTotals): void {
    total.fill(0);
    for (const worker of this.#workers) {
      // `!`: rows lie within the cells.
      for (let cell = 0; cell < COUNTERS; cell += 1) total[cell]! += worker.backends[row * COUNTERS + cell]!;
      let at = COUNTERS;
      for (const which of HISTOGRAMS) {
        const cells = worker[which];
        const start = row * HISTOGRAM_CELLS;
        for (let cell = 0; cell < HISTOGRAM_CELLS; cell += 1, at += 1) total[at]! += cells[start + cell]!;
      }
    }
  }
}
