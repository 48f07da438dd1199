/**
 * A store is a log of commits and a head, behind one compare-and-append. All else (validation, group commit,
 * outcomes, following) is built on it once, in committer.ts and log-follower.ts, for every store alike.
 *
 * Every method has a deadline of its own and throws LbError: UNAVAILABLE when the store does not answer.
 */
import type { Commit, Head, Position } from '../../core/model/commit.ts';

export type AppendResult =
  /** Durable now. */
  | { readonly outcome: 'appended' }
  /** The head was another one: nothing was written by this call, though an earlier try of it may have been. */
  | { readonly outcome: 'conflict' }
  /** Sent, and no answer: it may be there, may come later, or may never. Read the log to learn. */
  | { readonly outcome: 'unknown'; readonly cause: unknown };

/** A checkpoint as it is written: the state at one revision in chunks, and the mark that makes it count. */
export interface NewCheckpoint {
  readonly revision: number;
  /** Unique: names the chunks, so that two writers never touch each other's. */
  readonly writer: string;
  readonly chunks: readonly Uint8Array[];
  /** What checkpoint-codec.ts makes of it; written last. */
  readonly mark: Uint8Array;
}

export interface ConfigStore {
  /** For messages, such as `lmdb:./data` or `etcd:127.0.0.1:2379`. */
  readonly description: string;

  /** The head as of now (linearizable). The first call on an empty store creates it, with a new store id. */
  head(): Promise<Position>;

  /**
   * The commits `fromRevision`, `fromRevision` + 1, ... that exist, at most `limit`, fewer when they are large: none
   * when `fromRevision` was trimmed away. Linearizable. An unknown format throws FAILED_PRECONDITION.
   */
  read(fromRevision: number, limit: number): Promise<Commit[]>;

  /**
   * Appends `commits` (1 to 100, consecutive, the first one's parent being `parent`) if the head is still `parent`:
   * all of them or none. Never retried by itself. Throws only when certain that nothing was sent.
   */
  append(parent: Head, commits: readonly Commit[]): Promise<AppendResult>;

  /** The marks of the checkpoints, oldest first. */
  marks(): Promise<{ readonly revision: number; readonly mark: Uint8Array }[]>;

  /** The chunks of one that are there, in order. */
  readChunks(revision: number, writer: string): Promise<Uint8Array[]>;

  /**
   * Writes the chunks, then the mark; a crash in between leaves nothing that counts. False when there is one of that
   * revision already, or the log no longer has that revision: then nothing of it stays. May be done twice.
   */
  writeCheckpoint(checkpoint: NewCheckpoint): Promise<boolean>;

  /**
   * Removes, in one step, the commits up to `revision` and the checkpoints older than it. False, and nothing is
   * removed, when there is no checkpoint of `revision`. May be done twice.
   */
  trim(revision: number): Promise<boolean>;

  /** What it takes on disk, in bytes. etcd's quota counts the same. */
  sizeBytes(): Promise<number>;

  /** Calls `wake` when the log may have grown: a hint that can be late, doubled or lost. Returns a way to stop. */
  onWake(wake: () => void): () => void;

  close(): Promise<void>;
}
