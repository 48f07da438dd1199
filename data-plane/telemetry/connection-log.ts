/**
 * The connection log: reads the workers' records, resolves rows to names and writes lines to a sink. Main thread.
 *
 * Invariants
 *  - `drain` is called before rows are taken back or given out again, so that the names are those of the connection;
 *  - otherwise it works in slices, between which the event loop runs;
 *  - nothing waits for it: records and lines that find no room are dropped and counted.
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { DirectoryBackend, PlanDirectory } from '../plan/plan-directory.ts';
import { connectionLine, type RowNames } from './connection-line.ts';
import type { DropCause, LineSink } from '../../core/runtime/line-sink.ts';
import { LogRing } from '../memory/log-ring.ts';

const POLL_MS = 20;
const RECORDS_A_SLICE = 500;

export interface ConnectionLogInputs {
  readonly rings: readonly SharedArrayBuffer[];
  readonly sink: LineSink;
  readonly proxy: string;
  /** Distinguishes this process from earlier ones. */
  readonly instance: string;
  readonly clock: Clock;
}

export interface ConnectionLogReadings {
  /** Lines written. */
  readonly lines: number;
  readonly dropped: Readonly<Record<'ring_full' | 'refusals' | DropCause, number>>;
}

export class ConnectionLog {
  readonly #inputs: ConnectionLogInputs;
  readonly #rings: readonly LogRing[];
  // By row. A name stays until the row gets another one.
  readonly #listeners = new Map<number, string>();
  readonly #pools = new Map<number, string>();
  readonly #backends = new Map<number, DirectoryBackend>();
  readonly #names: RowNames = {
    listener: (row) => this.#listeners.get(row) ?? null,
    pool: (row) => this.#pools.get(row) ?? null,
    backend: (row, generation) => {
      const backend = this.#backends.get(row);
      return backend?.generation === generation ? backend.address : null;
    },
  };
  readonly #polls: Timer;
  /** The next slice is due in the next turn of the event loop. */
  #isSliceDue = false;

  constructor(inputs: ConnectionLogInputs) {
    this.#inputs = inputs;
    this.#rings = inputs.rings.map((buffer) => new LogRing(buffer));
    this.#polls = every(inputs.clock, POLL_MS, () => {
      if (!this.#isSliceDue) this.#slice();
    });
  }

  /** The workers run another plan. */
  run({ listeners, pools }: PlanDirectory): void {
    for (const { row, name } of listeners) this.#listeners.set(row, name);
    for (const { row, name, backends } of pools) {
      this.#pools.set(row, name);
      for (const backend of backends) this.#backends.set(backend.row, backend);
    }
  }

  /** Writes lines for all records. */
  drain(): void {
    this.#take(Number.POSITIVE_INFINITY);
  }

  /** Writes lines for the remaining records and waits a moment for the sink. */
  async stop(): Promise<void> {
    this.#polls.cancel();
    this.drain();
    await this.#inputs.sink.end();
  }

  readings(): ConnectionLogReadings {
    const ringFull = this.#rings.reduce((sum, { dropped }) => sum + dropped, 0);
    const refusals = this.#rings.reduce((sum, { leftOut }) => sum + leftOut, 0);
    const { dropped, lines } = this.#inputs.sink;
    return { lines, dropped: { ring_full: ringFull, refusals, ...dropped } };
  }

  #slice(): void {
    this.#isSliceDue = this.#take(RECORDS_A_SLICE);
    if (this.#isSliceDue) setImmediate(() => this.#slice());
  }

  /** Takes at most so many records of each worker. Returns whether one of them may have more. */
  #take(most: number): boolean {
    const { instance, proxy, sink } = this.#inputs;
    let hasMore = false;
    for (const [worker, ring] of this.#rings.entries()) {
      const writer = { proxy, instance, worker };
      const count = ring.take(most, (cells, at) => {
        sink.write(connectionLine(cells, at, this.#names, writer));
      });
      if (count === most) hasMore = true;
    }
    return hasMore;
  }
}
