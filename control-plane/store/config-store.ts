/**
 * A store is a log of commits and a head, with one compare-and-append. Everything else (validation, group commit, outcomes,
 * following) is built on it once for every store, in log/committer.ts and log/log-follower.ts.
 *
 * Every method has its own deadline and throws LbError: UNAVAILABLE when the store does not answer.
 */
import type { Commit, Head, Position } from '../../core/model/commit.ts';

export type AppendResult =
  /** The commits are durable. */
  | { readonly outcome: 'appended' }
  /** The head was a different one: this call wrote nothing, though an earlier try of it may have. */
  | { readonly outcome: 'conflict' }
  /** Sent, but not answered: the commits may be in the log, may come later, or may never. Read the log to find out. */
  | { readonly outcome: 'unknown'; readonly cause: unknown };

/** A checkpoint to be written: the state at one revision in chunks, and the mark that makes it count. */
export interface NewCheckpoint {
  readonly revision: number;
  /** A unique name for the chunks, so that two writers never touch each other's. */
  readonly writer: string;
  readonly chunks: readonly Uint8Array[];
  /** Made by log/checkpoint-codec.ts; written last. */
  readonly mark: Uint8Array;
}

export interface ConfigStore {
  /** For messages, such as `lmdb:./data` or `etcd:127.0.0.1:2379`. */
  readonly description: string;

  /** The current head (linearizable). The first call on an empty store creates it, with a new store id. */
  head(): Promise<Position>;

  /** Why what `head` has read last may not be followed, except to adopt it: the store is not where it was made. */
  whyMoved?(): string | undefined;

  /**
   * The commits `fromRevision`, `fromRevision` + 1, ... that exist: at most `limit`, fewer when they are large, none when
   * `fromRevision` was trimmed away. Linearizable. Throws FAILED_PRECONDITION for an unknown format.
   */
  read(fromRevision: number, limit: number): Promise<Commit[]>;

  /**
   * Appends `commits` (1 to 100 consecutive ones, the first one following `parent`) if the head is still `parent`: all of
   * them or none. Never retried by itself. Throws only when it is certain that nothing was written.
   */
  append(parent: Head, commits: readonly Commit[]): Promise<AppendResult>;

  /** The marks of the checkpoints, oldest first. */
  marks(): Promise<{ readonly revision: number; readonly mark: Uint8Array }[]>;

  /** The existing chunks of a checkpoint, in order. */
  readChunks(revision: number, writer: string): Promise<Uint8Array[]>;

  /**
   * Writes the chunks, then the mark; a crash in between leaves nothing that counts. False, and nothing of it stays, when
   * that revision has a checkpoint already or is no longer in the log. May be done twice.
   */
  writeCheckpoint(checkpoint: NewCheckpoint): Promise<boolean>;

  /**
   * Removes the commits up to `revision` and all older checkpoints in one step. False, and nothing is removed, when there
   * is no checkpoint of `revision`. May be done twice.
   */
  trim(revision: number): Promise<boolean>;

  /** How many bytes the store takes on disk; etcd's quota counts the same. */
  sizeBytes(): Promise<number>;

  /** Calls `wake` when the log may have grown; a call can be late, doubled or missing. Returns a way to stop. */
  onWake(wake: () => void): () => void;

  close(): Promise<void>;
}
