/**
 * Both histograms of one backend, summed over all workers, and what they have grown by: for one reader, /metrics, which
 * reads ten thousand backends a scrape. Nothing is allocated for a reading.
 *
 * Invariant: what an earlier owner of a row counted is neither shown nor taken for growth (generation).
 */
import type { DirectoryBackend } from '../plan/plan-directory.ts';
import { type HistogramCounts, readHistogram } from './counters.ts';
import { HISTOGRAM_CELLS, MAX_BACKENDS, type SharedCells, type WorkerCells } from './shared-memory.ts';

export interface Durations {
  /** Seconds to connect. */
  readonly connect: HistogramCounts;
  /** Seconds from accept to close. */
  readonly connection: HistogramCounts;
}

/** The next reading overwrites it. */
export interface BackendDurations {
  readonly total: Durations;
  /** Since this backend was read last; all of it when it never was. */
  readonly growth: Durations;
}

export class BackendDurationReader {
  readonly #shared: SharedCells;
  readonly #workers: readonly WorkerCells[];
  readonly #reading: BackendDurations = { total: noDurations(), growth: noDurations() };
  // By row. As long as they can get from the start: rows that are never read take no memory.
  readonly #generations = new Int32Array(MAX_BACKENDS);
  readonly #last: Durations = noDurations(MAX_BACKENDS);

  constructor(shared: SharedCells, workers: readonly WorkerCells[]) {
    this.#shared = shared;
    this.#workers = workers;
  }

  /** Null when the row has another owner by now. */
  read({ row, generation }: Pick<DirectoryBackend, 'row' | 'generation'>): BackendDurations | null {
    if (Atomics.load(this.#shared.generation, row) !== generation) return null;
    if (this.#generations[row] !== generation) {
      this.#generations[row] = generation;
      const [start, end] = [row * HISTOGRAM_CELLS, (row + 1) * HISTOGRAM_CELLS];
      this.#last.connect.fill(0, start, end);
      this.#last.connection.fill(0, start, end);
    }
    const { total, growth } = this.#reading;
    readHistogram(this.#workers, 'backendConnectSeconds', row, total.connect);
    readHistogram(this.#workers, 'backendDurationSeconds', row, total.connection);
    grow(this.#last.connect, row, total.connect, growth.connect);
    grow(this.#last.connection, row, total.connection, growth.connection);
    return this.#reading;
  }
}

export function noDurations(rows = 1): Durations {
  return {
    connect: new Float64Array(rows * HISTOGRAM_CELLS),
    connection: new Float64Array(rows * HISTOGRAM_CELLS),
  };
}

/** Writes down how much more there is than at the last reading, and that this is the last one now. */
function grow(last: Float64Array, row: number, total: HistogramCounts, growth: HistogramCounts): void {
  const start = row * HISTOGRAM_CELLS;
  // `!`: rows lie within the cells.
  for (let cell = 0; cell < HISTOGRAM_CELLS; cell += 1) {
    growth[cell] = total[cell]! - last[start + cell]!;
    last[start + cell] = total[cell]!;
  }
}
