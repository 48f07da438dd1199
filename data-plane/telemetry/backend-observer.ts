/**
 * Reads the state of one backend, once per second.
 *
 * Invariant: a histogram that did not change is the same array as before, so that for ten thousand idle backends only
 * counters are read, and two observations can be compared by reference.
 */
import type { DirectoryBackend } from '../plan/plan-directory.ts';
import { backendCounts, type HistogramCounts, histogramCounts } from '../memory/counters.ts';
import type { BackendObservation } from './observation.ts';
import { HISTOGRAM_CELLS, type HistogramName, type WorkerCells } from '../memory/shared-memory.ts';

const NOTHING: HistogramCounts = new Float64Array(HISTOGRAM_CELLS);

export class BackendObserver {
  /** As in the newest plan. */
  directory: DirectoryBackend;
  readonly #connect = new CachedHistogram('backendConnectSeconds');
  readonly #firstByte = new CachedHistogram('backendFirstByteSeconds');

  constructor(directory: DirectoryBackend) {
    this.directory = directory;
  }

  /** Whether both have the same row, under the same owner. */
  holds({ row, generation }: DirectoryBackend): boolean {
    return this.directory.row === row && this.directory.generation === generation;
  }

  observe(
    workers: readonly WorkerCells[],
    { health, reason, sinceMs }: Pick<BackendObservation, 'health' | 'reason' | 'sinceMs'>,
    active: number,
    removed: boolean,
  ): BackendObservation {
    const { pool, address, row } = this.directory;
    const { connections, connectFailures, bytesToBackend, bytesFromBackend, answered } = backendCounts(
      workers,
      row,
    );
    return {
      pool,
      address,
      health,
      reason,
      sinceMs,
      active,
      removed,
      connections,
      connectFailures,
      bytesToBackend,
      bytesFromBackend,
      answered,
      connect: this.#connect.read(workers, row, connections),
      firstByte: this.#firstByte.read(workers, row, answered),
    };
  }
}

/**
 * Reads a histogram again when its number of observations differs from the counter, also because a worker had written
 * only one of the two.
 */
class CachedHistogram {
  readonly #which: HistogramName;
  #counts = NOTHING;
  #observations = 0;

  constructor(which: HistogramName) {
    this.#which = which;
  }

  read(workers: readonly WorkerCells[], row: number, counter: number): HistogramCounts {
    if (counter === this.#observations) return this.#counts;
    this.#counts = histogramCounts(workers, this.#which, row);
    this.#observations = 0;
    // `!`: below the length; the last cell is the sum of what was observed.
    for (let bucket = 0; bucket < HISTOGRAM_CELLS - 1; bucket += 1)
      this.#observations += this.#counts[bucket]!;
    return this.#counts;
  }
}
