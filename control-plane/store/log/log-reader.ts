/**
 * Reads a state from a store: the newest whole checkpoint, then the log from there on.
 *
 * Invariants
 *  - the result is one prefix of one history: each commit follows the one before, and the checkpoint it began with;
 *  - a checkpoint that is torn, foreign or does not fit the log is ignored, with a reason, for an older one or the log;
 *  - when it continues a given state, the result is never older than that.
 */
import type { Commit, Head } from '../../../core/model/commit.ts';
import { emptyState } from '../../../core/model/fold.ts';
import type { State } from '../../../core/model/state.ts';
import { originOf, takesPlaceOf } from '../../../core/model/store-succession.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { ConfigStore } from '../config-store.ts';
import { type LogRead, READ_COMMITS, type ReadGoal, readUpTo, whyNotContinuation } from './catch-up-plan.ts';
import { type CheckpointMark, decodeCheckpoint, decodeMark } from './checkpoint-codec.ts';
import { oldestKept } from './kept-log.ts';

export interface ReadOptions {
  /** A revision earlier than that of the head. */
  readonly revision?: number;
  /** A state of the same history, to be continued as long as the log still has what follows it. */
  readonly base?: State;
}

/** The checkpoint that a read began with. */
export interface StartCheckpoint {
  readonly mark: CheckpointMark;
  readonly state: State;
}

export type ReadResult =
  | {
      readonly ok: true;
      readonly state: State;
      /** What was applied, oldest first: to the given state, to the checkpoint, or to the empty state. */
      readonly commits: readonly Commit[];
      /** Where it began, if neither with the given state nor with the first commit. */
      readonly checkpoint?: StartCheckpoint;
    }
  | { readonly ok: false; readonly reason: string };

export class LogReader {
  readonly #store: ConfigStore;
  readonly #onIgnored: (words: string) => void;

  /** `onIgnored` is called for each checkpoint that is ignored, with the reason. */
  constructor(store: ConfigStore, onIgnored: (words: string) => void = () => undefined) {
    this.#store = store;
    this.#onIgnored = onIgnored;
  }

  /** The state at the head of the log, or at an earlier revision of it. */
  async readTo(head: Head, { revision = head.revision, base }: ReadOptions = {}): Promise<ReadResult> {
    const goal: ReadGoal = { head, revision };
    if (base === undefined) return this.#readAll(goal);
    const read = await this.#readLog(base, goal);
    // A checkpoint replaces commits that were trimmed away, but nothing else that is wrong.
    if (read.ok || !read.trimmed) return read;
    const started = await this.#readFromCheckpoint(goal, base.head.revision);
    return started?.ok ? started : read;
  }

  async #readAll(goal: ReadGoal): Promise<ReadResult> {
    const started = await this.#readFromCheckpoint(goal, 0);
    if (started?.ok) return started;
    const read = await this.#readLog(emptyState(originOf(goal.head)), goal);
    if (read.ok || started === undefined) return read;
    return { ok: false, reason: `${started.reason}, and ${read.reason}` };
  }

  /** From the newest whole one after a revision; else why the newest can't be used; undefined when there is none. */
  async #readFromCheckpoint(goal: ReadGoal, after: number): Promise<ReadResult | undefined> {
    let reason: string | undefined;
    const marks = (await this.#store.marks()).filter(
      ({ revision }) => revision > after && revision <= goal.revision,
    );
    for (const { revision, mark } of marks.reverse()) {
      const read = await this.#readFrom(revision, mark, goal);
      if (read.ok) return read;
      this.#onIgnored(
        `the checkpoint of revision ${revision} in ${this.#store.description} is ignored: ${read.reason}`,
      );
      reason ??= `the checkpoint of revision ${revision} can't be used (${read.reason})`;
    }
    return reason === undefined ? undefined : { ok: false, reason };
  }

  async #readFrom(revision: number, bytes: Uint8Array, goal: ReadGoal): Promise<ReadResult> {
    const marked = decodeMark(revision, bytes);
    if (!marked.ok) return marked;
    const { mark } = marked;
    // An adopted store had another id when its older checkpoints were written.
    if (!takesPlaceOf(goal.head, mark.head.storeId)) {
      return { ok: false, reason: `it belongs to another store (id ${mark.head.storeId})` };
    }
    const decoded = decodeCheckpoint(mark, await this.#store.readChunks(revision, mark.writer));
    if (!decoded.ok) return decoded;
    const { state } = decoded;
    const read = await this.#readLog(state, goal);
    return read.ok ? { ...read, checkpoint: { mark, state } } : read;
  }

  async #readLog(base: State, goal: ReadGoal): Promise<LogRead> {
    const reading = readUpTo(base, goal);
    let step = reading.next();
    while (!step.done) {
      const { from, limit } = step.value;
      step = reading.next(await this.#store.read(from, limit));
    }
    return step.value;
  }
}

/**
 * Calls `visit` for each kept commit after `after` and up to `end`, oldest first; those that are trimmed away meanwhile
 * count as not kept.
 */
export async function visitCommits(
  store: ConfigStore,
  after: number,
  end: Head,
  visit: (commit: Commit) => void,
): Promise<void> {
  const { storeId } = end;
  let next = Math.max(after + 1, await oldestKept(store));
  let before: Head | undefined;
  while (next <= end.revision) {
    const commits = await store.read(next, Math.min(READ_COMMITS, end.revision + 1 - next));
    const [first] = commits;
    if (first === undefined) {
      const oldest = await oldestKept(store);
      if (oldest <= next) throw unreadable(`its log ends before revision ${next}`);
      next = oldest;
      before = undefined;
      continue;
    }
    before ??= { storeId, revision: first.revision - 1, hash: first.parent };
    const reason = whyNotContinuation(before, commits);
    if (reason !== undefined) throw unreadable(reason);
    for (const commit of commits) visit(commit);
    const { revision, hash } = commits.at(-1) as Commit;
    before = { storeId, revision, hash };
    next = revision + 1;
  }
  if (before !== undefined && before.hash !== end.hash) {
    throw unreadable(`its revision ${end.revision} is not the one that its checkpoint names`);
  }
}

function unreadable(reason: string): LbError {
  const message = `the earlier requests in the store can't be read, so a repeated request could not be told from a new one: ${reason}`;
  return new LbError('FAILED_PRECONDITION', message);
}
