/**
 * Reads earlier revisions from the log and the checkpoints, when a client asks for one.
 *
 * Invariant: a revision is returned exactly as it was, or refused with the oldest revision that is kept.
 */
import type { Head } from '../../../core/model/commit.ts';
import { applyCommit } from '../../../core/model/fold.ts';
import type { State } from '../../../core/model/state.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { ConfigStore } from '../config-store.ts';
import { oldestKept } from './kept-log.ts';
import type { LogFollower } from './log-follower.ts';
import { LogReader } from './log-reader.ts';
import { RevisionRecorder, type RevisionRecord } from './revision-recorder.ts';

/** A commit, and the states before and after it. */
export interface PastCommit {
  readonly record: RevisionRecord;
  readonly before: State;
  readonly after: State;
}

export class RevisionReader {
  readonly #store: ConfigStore;
  readonly #follower: LogFollower;
  readonly #reader: LogReader;

  constructor(store: ConfigStore, follower: LogFollower) {
    this.#store = store;
    this.#follower = follower;
    this.#reader = new LogReader(store);
  }

  /** The configuration at a revision. NOT_FOUND when it is not kept, or does not exist yet. */
  async stateAt(revision: number): Promise<State> {
    const { state } = await this.#existing(revision);
    return revision === state.head.revision ? state : this.#read(revision, state.head);
  }

  /** A commit and what it changed. NOT_FOUND as above. */
  async commitAt(revision: number): Promise<PastCommit> {
    const { state } = await this.#existing(revision);
    const before = await this.#read(revision - 1, state.head);
    const [commit] = await this.#store.read(revision, 1);
    if (commit === undefined) throw await this.#notKept(revision);
    return {
      record: new RevisionRecorder(before).record(commit),
      before,
      after: applyCommit(before, commit),
    };
  }

  /** At most `limit` revisions older than `before`, newest first: from memory as far as possible, then from the log. */
  async list(limit: number, before?: number): Promise<RevisionRecord[]> {
    const found = this.#follower.revisions(limit, before);
    const head = this.#follower.current()?.state.head;
    const newest = (found.at(-1)?.revision ?? Math.min(before ?? Infinity, (head?.revision ?? 0) + 1)) - 1;
    const missing = limit - found.length;
    if (head === undefined || missing <= 0 || newest <= 0) return found;
    const oldest = Math.max(await oldestKept(this.#store), newest - missing + 1);
    if (oldest > newest) return found;
    return [...found, ...(await this.#recordsOf(oldest, newest, head))];
  }

  /** Newest first. */
  async #recordsOf(oldest: number, newest: number, head: Head): Promise<RevisionRecord[]> {
    const recorder = new RevisionRecorder(await this.#read(oldest - 1, head));
    const records: RevisionRecord[] = [];
    while (records.length <= newest - oldest) {
      const from = oldest + records.length;
      const commits = await this.#store.read(from, newest + 1 - from);
      if (commits.length === 0) throw await this.#notKept(from);
      for (const commit of commits) records.push(recorder.record(commit));
    }
    return records.reverse();
  }

  async #existing(revision: number) {
    if (revision < 1)
      throw new LbError('INVALID_ARGUMENT', `revision is ${revision}, but the first one is 1`);
    const followed = await this.#follower.catchUp();
    const { revision: newest } = followed.state.head;
    if (revision > newest) {
      throw new LbError('NOT_FOUND', `There is no revision ${revision} yet: the newest is ${newest}.`);
    }
    if (revision < (await oldestKept(this.#store))) throw await this.#notKept(revision);
    return followed;
  }

  async #read(revision: number, head: Head): Promise<State> {
    const read = await this.#reader.readTo(head, { revision });
    if (read.ok) return read.state;
    if (revision + 1 < (await oldestKept(this.#store))) throw await this.#notKept(revision);
    const message = `revision ${revision} can't be read from ${this.#store.description}: ${read.reason}`;
    throw new LbError('FAILED_PRECONDITION', message);
  }

  async #notKept(revision: number): Promise<LbError> {
    const oldest = await oldestKept(this.#store);
    const message = `Revision ${revision} is no longer kept: the oldest one that is kept is ${oldest}.`;
    return new LbError('NOT_FOUND', message);
  }
}
