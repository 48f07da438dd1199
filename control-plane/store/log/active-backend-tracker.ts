/**
 * How many active backends each pool had ten minutes ago, from the log: a replica that has just started knows it as well
 * as one that has run for long, or says that it does not.
 */
import type { Commit, Head } from '../../../core/model/commit.ts';
import type { State } from '../../../core/model/state.ts';
import { takesPlaceOf } from '../../../core/model/succession.ts';
import type { Clock } from '../../../core/runtime/clock.ts';
import { ActiveBackendHistory, type EarlierCount } from './active-backend-history.ts';
import { decodeMark } from './checkpoint-codec.ts';
import type { ConfigStore } from '../config-store.ts';
import { type LogReader, oldestKept, type StartedWith } from './log-reader.ts';
import { SharedRun } from '../shared-run.ts';

const LOOKS_BACK_MS = 10 * 60_000;

export class ActiveBackendTracker {
  readonly #store: ConfigStore;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  #history: ActiveBackendHistory | null = null;
  /** Where it began, while what was before has still to be looked for. */
  #unread: Head | null = null;
  readonly #completing = new SharedRun(() => this.#complete());

  constructor(store: ConfigStore, reader: LogReader, clock: Clock) {
    this.#store = store;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** What comes next follows this state: that of a checkpoint, or the one before the first commit. */
  begin(state: State, checkpoint: StartedWith | undefined): void {
    const timeMs = checkpoint?.mark.timeMs ?? Number.NEGATIVE_INFINITY;
    this.#history = new ActiveBackendHistory(LOOKS_BACK_MS, state, timeMs);
    this.#unread = this.#history.knows(this.#thenMs()) ? null : state.head;
  }

  follow(start: State, commits: readonly Commit[], end: State): void {
    this.#history?.follow(start, commits, end);
  }

  /** What a pool had ten minutes ago; null before the first read. */
  tenMinutesAgo(pool: string): EarlierCount | null {
    return this.#history?.at(pool, this.#thenMs()) ?? null;
  }

  /**
   * Reads what was before a checkpoint that is younger than ten minutes. A store that can't tell leaves it unknown.
   * Callers at the same time share one reading.
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
    // It is tried again where the store was away; where it no longer has it, that is final.
    if (earlier === undefined || this.#unread !== began) return;
    this.#unread = null;
    if (earlier !== null && this.#history !== null) this.#history = earlier.continuedBy(this.#history);
  }

  /** From the newest checkpoint that is old enough, or from as far back as the log goes. */
  async #readBefore(end: Head): Promise<ActiveBackendHistory | null> {
    const marks = (await this.#store.marks()).flatMap(({ revision, mark }) => {
      const read = decodeMark(revision, mark);
      return read.ok && takesPlaceOf(end, read.mark.head.storeId) ? [read.mark] : [];
    });
    const enough = marks.findLast(({ timeMs }) => timeMs <= this.#thenMs());
    const from = enough?.head.revision ?? (await oldestKept(this.#store)) - 1;
    const base = await this.#reader.readTo(end, { revision: from });
    if (!base.ok) return null;
    const read = await this.#reader.readTo(end, { known: base.state });
    if (!read.ok || read.checkpoint !== undefined) return null;
    const began = marks.find(({ head }) => head.revision === from);
    if (from > 0 && began === undefined) return null;
    const history = new ActiveBackendHistory(
      LOOKS_BACK_MS,
      base.state,
      began?.timeMs ?? Number.NEGATIVE_INFINITY,
    );
    history.follow(base.state, read.commits, read.state);
    return history;
  }

  #thenMs(): number {
    return this.#clock.wallMs() - LOOKS_BACK_MS;
  }
}
