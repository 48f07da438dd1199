/** Sums over the counters of all workers. Reads only. */
import { CLOSE_REASONS, type CloseReason } from '../../core/wire/close-reasons.ts';
import {
  BACKEND_COUNTERS,
  HISTOGRAM_CELLS,
  type HistogramName,
  LISTENER_COUNTERS,
  WORKER_COUNTERS,
  type WorkerCells,
} from './shared-memory.ts';

/** What is read every second; /metrics has the rest as well (backend-totals.ts). */
export type BackendCounts = Record<Exclude<(typeof BACKEND_COUNTERS)[number], 'earlyCloses'>, number>;
export type ListenerCounts = Record<(typeof LISTENER_COUNTERS)[number], number> & { active: number };
export type ClosedCounts = Record<CloseReason, number>;

// Called for every backend every second: plain loops, and one object each.
const [CONNECTIONS, CONNECT_FAILURES, TO_BACKEND, FROM_BACKEND, ANSWERED] = [
  BACKEND_COUNTERS.indexOf('connections'),
  BACKEND_COUNTERS.indexOf('connectFailures'),
  BACKEND_COUNTERS.indexOf('bytesToBackend'),
  BACKEND_COUNTERS.indexOf('bytesFromBackend'),
  BACKEND_COUNTERS.indexOf('answered'),
];

export function backendCounts(workers: readonly WorkerCells[], row: number): BackendCounts {
  const counts = { connections: 0, connectFailures: 0, bytesToBackend: 0, bytesFromBackend: 0, answered: 0 };
  const start = row * BACKEND_COUNTERS.length;
  // `!`: rows lie within the cells.
  for (const { backends } of workers) {
    counts.connections += backends[start + CONNECTIONS]!;
    counts.connectFailures += backends[start + CONNECT_FAILURES]!;
    counts.bytesToBackend += backends[start + TO_BACKEND]!;
    counts.bytesFromBackend += backends[start + FROM_BACKEND]!;
    counts.answered += backends[start + ANSWERED]!;
  }
  return counts;
}

export function listenerCounts(workers: readonly WorkerCells[], row: number): ListenerCounts {
  const counts: ListenerCounts = {
    accepted: 0,
    bytesFromClients: 0,
    bytesToClients: 0,
    wouldBeLimited: 0,
    active: 0,
  };
  const start = row * LISTENER_COUNTERS.length;
  for (const { listeners, listenerOpen } of workers) {
    LISTENER_COUNTERS.forEach((counter, index) => {
      counts[counter] += listeners[start + index] ?? 0;
    });
    counts.active += listenerOpen[row] ?? 0;
  }
  return counts;
}

/** Connections of one worker that are open now. */
export function openConnections(worker: WorkerCells, listenerRows: Iterable<number>): number {
  let open = 0;
  for (const row of listenerRows) open += worker.listenerOpen[row] ?? 0;
  return open;
}

/** Connections that one worker accepted. */
export function acceptedConnections({ worker }: WorkerCells): number {
  return worker[WORKER_COUNTERS.indexOf('accepted')] ?? 0;
}

/** By reason, over all workers. */
export function closedConnections(workers: readonly WorkerCells[]): ClosedCounts {
  return sumClosed(workers, ({ worker }) => worker, 0);
}

/** Of one listener, by reason, over all workers. */
export function closedOfListener(workers: readonly WorkerCells[], row: number): ClosedCounts {
  return sumClosed(workers, ({ listenerClosed }) => listenerClosed, row * CLOSE_REASONS.length);
}

function sumClosed(
  workers: readonly WorkerCells[],
  cellsOf: (worker: WorkerCells) => Float64Array,
  start: number,
): ClosedCounts {
  const closed = Object.fromEntries(CLOSE_REASONS.map((reason) => [reason, 0])) as ClosedCounts;
  for (const worker of workers) {
    const cells = cellsOf(worker);
    CLOSE_REASONS.forEach((reason, index) => {
      closed[reason] += cells[start + index] ?? 0;
    });
  }
  return closed;
}

/** One counter, over all workers. */
export function workerCount(
  workers: readonly WorkerCells[],
  counter: (typeof WORKER_COUNTERS)[number],
): number {
  const index = WORKER_COUNTERS.indexOf(counter);
  return workers.reduce((sum, { worker }) => sum + (worker[index] ?? 0), 0);
}

/** HISTOGRAM_CELLS numbers: observations in each bucket, not cumulative, the unbounded bucket last, then their sum. */
export type HistogramCounts = ArrayLike<number>;

export function histogramCounts(
  workers: readonly WorkerCells[],
  which: HistogramName,
  row: number,
): HistogramCounts {
  // Not a typed array: creating one takes several times as long, and ten thousand are created per second.
  const counts: number[] = [];
  const start = row * HISTOGRAM_CELLS;
  for (let cell = 0; cell < HISTOGRAM_CELLS; cell += 1) counts.push(0);
  // `!`: rows lie within the cells.
  for (const { [which]: histograms } of workers) {
    for (let cell = 0; cell < HISTOGRAM_CELLS; cell += 1) counts[cell]! += histograms[start + cell]!;
  }
  return counts;
}
