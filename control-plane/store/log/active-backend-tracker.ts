/**
 * The most active backends that each pool had in the last ten minutes, from the log: a replica that has just started knows
 * it as well as one that has been running for long, or says that it does not.
 */
import type { Commit, Head } from '../../../core/model/commit.ts';
import type { State } from '../../../core/model/state.ts';
import type { Clock } from '../../../core/runtime/clock.ts';
import type { ConfigStore } from '../config-store.ts';
import { SharedRun } from '../shared-run.ts';
import { ActiveBackendHistory, type RecentMost } from './active-backend-history.ts';
import { oldestKept, readableMarks } from './kept-log.ts';
import type { LogReader, StartCheckpoint } from './log-reader.ts';

const LOOK_BACK_MS = 10 * 60_000;

export class ActiveBackendTracker {
  readonly #store: ConfigStore;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  #history: ActiveBackendHistory | null = null;
  /** Where the history begins, while the log before it is still to be read. */
  #unread: Head | null = null;
  readonly #completing = new SharedRun(() => this.#complete());

  constructor(store: ConfigStore, reader: LogReader, clock: Clock) {
    this.#store = store;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** The next commits follow this state: that of a checkpoint, or the one before the first commit. */
  begin(state: State, checkpoint: StartCheckpoint | undefined): void {
    this.#history = historySince(state, checkpoint?.mark.timeMs);
    this.#unread = this.#history.knows(this.#thenMs()) ? null : state.head;
  }

  follow(commits: readonly Commit[]): void {
    this.#history?.follow(commits);
  }

  /** The most that a pool had in the last ten minutes; null before the first read. */
  recentMost(pool: string): RecentMost | null {
    return this.#history?.mostSince(this.#thenMs(), pool) ?? null;
  }

  /**
   * Reads the log before a checkpoint that is younger than ten minutes. If the store can't be read, the numbers stay
   * unknown. Concurrent callers share one read.
   */
  async complete(): Promise<void> {
    if (this.#unread !== null) await this.#completing.start();
  }

  async #complete(): Promise<void> {
    const began = this.#unread;
    if (began === null) return;
    if (this.#history?.knows(this.#thenMs())) {
      this.#unread = null;
      return;
    }
    const earlier = await this.#readBefore(began).catch(() => undefined);
    // It is tried again when the store did not answer; when the store no longer has the log, that is final.
    if (earlier === undefined || this.#unread !== began) return;
    this.#unread = null;
    if (earlier !== null && this.#history !== null) this.#history = earlier.continuedBy(this.#history);
  }

  /** From the newest checkpoint that is old enough, or from as far back as the log goes. */
  async #readBefore(end: Head): Promise<ActiveBackendHistory | null> {
    const marks = await readableMarks(this.#store, end);
    const enough = marks.findLast(({ timeMs }) => timeMs <= this.#thenMs());
    const from = enough?.head.revision ?? (await oldestKept(this.#store)) - 1;
    const base = await this.#reader.readTo(end, { revision: from });
    if (!base.ok) return null;
    const read = await this.#reader.readTo(end, { base: base.state });
    if (!read.ok || read.checkpoint !== undefined) return null;
    const began = marks.find(({ head }) => head.revision === from);
    if (from > 0 && began === undefined) return null;
    const history = historySince(base.state, began?.timeMs);
    history.follow(read.commits);
    return history;
  }

  #thenMs(): number {
    return this.#clock.wallMs() - LOOK_BACK_MS;
  }
}

function historySince(state: State, timeMs = Number.NEGATIVE_INFINITY): ActiveBackendHistory {
  return new ActiveBackendHistory(LOOK_BACK_MS, state, timeMs);
}
