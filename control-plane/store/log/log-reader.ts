/**
 * Reads a state out of a store: the newest whole checkpoint, and the log from there on as read-on-machine.ts decides.
 *
 * Invariants
 *  - what it gives is one prefix of one history: each commit follows the one before, and the checkpoint it began with;
 *  - a checkpoint that is torn, foreign or does not fit the log is passed over, in words, for an older one or the log;
 *  - where it continues a known state, it never gives an older one.
 */
import type { Commit, Head } from '../../../core/model/commit.ts';
import { emptyState } from '../../../core/model/fold.ts';
import type { State } from '../../../core/model/state.ts';
import { originOf, takesPlaceOf } from '../../../core/model/succession.ts';
import { type CheckpointMark, decodeCheckpoint, decodeMark } from './checkpoint-codec.ts';
import type { ConfigStore } from '../config-store.ts';
import { type Goal, openReadOn, stepReadOn } from './read-on-machine.ts';

export interface ReadOptions {
  /** An earlier revision than that of the head. */
  readonly revision?: number;
  /** A state of the same history, to go on from as far as the log still has what follows it. */
  readonly known?: State;
}

/** A checkpoint that was begun with. */
export interface StartedWith {
  readonly mark: CheckpointMark;
  readonly state: State;
}

export type Read =
  | {
      readonly ok: true;
      readonly state: State;
      /** What was folded, oldest first: on the known state, on the checkpoint, or on nothing. */
      readonly commits: readonly Commit[];
      /** Where it began, if neither with the known state nor with the first commit. */
      readonly checkpoint?: StartedWith;
    }
  | { readonly ok: false; readonly doubt: string };

type Folded =
  | { readonly ok: true; readonly state: State; readonly commits: readonly Commit[] }
  | { readonly ok: false; readonly doubt: string; readonly trimmed: boolean };

export class LogReader {
  readonly #store: ConfigStore;
  readonly #onIgnored: (words: string) => void;

  /** `onIgnored` is told of each checkpoint that is passed over, and why. */
  constructor(store: ConfigStore, onIgnored: (words: string) => void = () => undefined) {
    this.#store = store;
    this.#onIgnored = onIgnored;
  }

  /** The state at the head of the log, or at an earlier revision of it. */
  async readTo(head: Head, { revision: last = head.revision, known }: ReadOptions = {}): Promise<Read> {
    const goal: Goal = { head, revision: last };
    return known === undefined ? this.#begin(goal) : this.#goOn(known, goal);
  }

  /** A checkpoint takes the place of commits that were trimmed away; anything else that is wrong stays wrong. */
  async #goOn(known: State, goal: Goal): Promise<Read> {
    const folded = await this.#fold(known, goal);
    if (folded.ok || !folded.trimmed) return folded;
    const started = await this.#readFromCheckpoint(goal, known.head.revision);
    return started?.ok ? started : folded;
  }

  async #begin(goal: Goal): Promise<Read> {
    const started = await this.#readFromCheckpoint(goal, 0);
    if (started?.ok) return started;
    const folded = await this.#fold(emptyState(originOf(goal.head)), goal);
    if (folded.ok || started === undefined) return folded;
    return { ok: false, doubt: `${started.doubt}, and ${folded.doubt}` };
  }

  /** From the newest whole one after a revision; else why the newest can't be used; undefined when there is none. */
  async #readFromCheckpoint(goal: Goal, after: number): Promise<Read | undefined> {
    let doubt: string | undefined;
    const marks = (await this.#store.marks()).filter(
      ({ revision }) => revision > after && revision <= goal.revision,
    );
    for (const { revision, mark } of marks.reverse()) {
      const read = await this.#readOn(revision, mark, goal);
      if (read.ok) return read;
      this.#onIgnored(
        `the checkpoint of revision ${revision} in ${this.#store.description} is ignored: ${read.doubt}`,
      );
      doubt ??= `the checkpoint of revision ${revision} can't be used (${read.doubt})`;
    }
    return doubt === undefined ? undefined : { ok: false, doubt };
  }

  async #readOn(revision: number, bytes: Uint8Array, goal: Goal): Promise<Read> {
    const marked = decodeMark(revision, bytes);
    if (!marked.ok) return { ok: false, doubt: marked.why };
    const { mark } = marked;
    // An adopted store has another id than it had when its older checkpoints were written.
    if (!takesPlaceOf(goal.head, mark.head.storeId)) {
      return { ok: false, doubt: `it is of another store (id ${mark.head.storeId})` };
    }
    const decoded = decodeCheckpoint(mark, await this.#store.readChunks(revision, mark.writer));
    if (!decoded.ok) return { ok: false, doubt: decoded.why };
    const { state } = decoded;
    const folded = await this.#fold(state, goal);
    return folded.ok ? { ...folded, checkpoint: { mark, state } } : folded;
  }

  async #fold(base: State, goal: Goal): Promise<Folded> {
    let step = openReadOn(base, goal);
    while (step.effect.type === 'read') {
      const { from, limit } = step.effect;
      step = stepReadOn(step.state, await this.#store.read(from, limit));
    }
    const { effect } = step;
    if (effect.type === 'refuse') return { ok: false, doubt: effect.doubt, trimmed: effect.trimmed };
    return { ok: true, state: effect.state, commits: effect.commits };
  }
}

/** The oldest revision whose commit is kept. */
export async function oldestKept(store: ConfigStore): Promise<number> {
  // Only a trim removes the first commit, and it leaves the checkpoint that it trimmed to as the oldest.
  if ((await store.read(1, 1)).length > 0) return 1;
  const [oldest] = await store.marks();
  return (oldest?.revision ?? 0) + 1;
}
