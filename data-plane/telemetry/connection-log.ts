/**
 * The connection log: takes the workers' records, gives rows their names and hands lines to a sink. Main thread.
 *
 * Invariants
 *  - `drain` comes before rows are taken back or given out again, so that a row's name is that of the connection;
 *  - otherwise it works in slices, and the event loop goes on between them;
 *  - nothing waits for it: records that find no room, and lines that the sink does not take, are dropped and counted.
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { DirectoryBackend, PlanDirectory } from '../plan/plan-directory.ts';
import { connectionLine, type RowNames } from './connection-line.ts';
import type { DropCause, LineSink } from '../../core/runtime/line-sink.ts';
import { LogRing } from '../memory/log-ring.ts';

const LOOK_MS = 20;
const RECORDS_A_SLICE = 500;

export interface ConnectionLogInputs {
  readonly rings: readonly SharedArrayBuffer[];
  readonly sink: LineSink;
  readonly proxy: string;
  /** Tells this process from the one before. */
  readonly instance: string;
  readonly clock: Clock;
}

export interface ConnectionLogReadings {
  /** Written. */
  readonly lines: number;
  readonly dropped: Readonly<Record<'ring_full' | DropCause, number>>;
}

export class ConnectionLog {
  readonly #inputs: ConnectionLogInputs;
  readonly #rings: readonly LogRing[];
  // By row. A name stays until the row has another.
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
  readonly #looks: Timer;
  /** The next slice is due as soon as the event loop has gone on. */
  #isSliceDue = false;

  constructor(inputs: ConnectionLogInputs) {
    this.#inputs = inputs;
    this.#rings = inputs.rings.map((buffer) => new LogRing(buffer));
    this.#looks = every(inputs.clock, LOOK_MS, () => {
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

  /** Takes all there is. */
  drain(): void {
    this.#take(Number.POSITIVE_INFINITY);
  }

  /** Takes what is left and waits, for a moment, until the sink has it. */
  async stop(): Promise<void> {
    this.#looks.cancel();
    this.drain();
    await this.#inputs.sink.end();
  }

  readings(): ConnectionLogReadings {
    const ringFull = this.#rings.reduce((sum, { dropped }) => sum + dropped, 0);
    const { dropped, lines } = this.#inputs.sink;
    return { lines, dropped: { ring_full: ringFull, ...dropped } };
  }

  #slice(): void {
    this.#isSliceDue = this.#take(RECORDS_A_SLICE);
    if (this.#isSliceDue) setImmediate(() => this.#slice());
  }

  /** At most so many of each worker. Whether one of them may have more. */
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
