/**
 * The store of one machine: LMDB in a directory. The only file that imports lmdb.
 *
 * Invariants
 *  - visible only after it is durable: without overlappingSync a commit is fsynced before its pages are published,
 *    so neither this process nor another one ever sees what a power cut could take back;
 *  - the version counter grows in every transaction that writes;
 *  - several processes may open the same directory: LMDB's write lock makes compare-and-append one step.
 */
import { randomUUID } from 'node:crypto';
import { type FSWatcher, mkdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import { genesisHash } from '../../../core/model/hash.ts';
import { headAfter } from '../../../core/model/succession.ts';
import type { Clock } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import { decodeCommit, decodeHead, encodeAppend, encodeHead } from '../log/commit-codec.ts';
import type { AppendResult, ConfigStore, NewCheckpoint } from '../config-store.ts';
import { HEAD_KEY, logKey } from '../keys.ts';
import { putCheckpoint, readChunks, readMarks, removeBefore } from './lmdb-checkpoints.ts';
import { lacksRoom, noRoom, throwReason, RoomLog, type RoomLogger, wordsOf } from './lmdb-errors.ts';
import { whyNotLmdb } from './lmdb-file.ts';
import { withDeadline } from '../with-deadline.ts';

const VERSION_KEY = 'version';
const DATA_FILE = 'data.mdb';
/** Another process that was stopped inside a transaction holds the write lock: nobody waits for it longer. */
const WRITE_DEADLINE_MS = 5_000;
/** A read gives back what it has once it has so much. */
const READ_BYTES = 8 * 1_048_576;

/** The records in a range of keys, and where the store stood when they were read. */
export interface LmdbView {
  readonly position: Position;
  readonly records: readonly { readonly key: string; readonly bytes: Buffer }[];
}

/** What may be done inside a transaction. */
export interface LmdbTransaction {
  readonly get: (key: string) => Buffer | undefined;
  readonly put: (key: string, bytes: Buffer) => void;
  readonly remove: (key: string) => void;
  /** The version that this transaction makes. */
  readonly version: () => number;
}

export interface LmdbStoreOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger?: RoomLogger;
}

export class LmdbStore implements ConfigStore {
  readonly description: string;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #room: RoomLog;
  readonly #wakes = new Set<() => void>();
  #opened: RootDatabase<Buffer, string> | undefined;
  #watcher: FSWatcher | undefined;
  #closed = false;

  constructor({ directory, clock, logger }: LmdbStoreOptions) {
    this.description = `lmdb:${directory}`;
    this.#directory = directory;
    this.#clock = clock;
    this.#room = new RoomLog(logger);
  }

  async head(): Promise<Position> {
    const db = this.#database();
    const found = this.#guard(() => readPosition(db, this.description));
    if (found !== undefined) return found;
    await this.#change(db, () => createHead(db));
    const created = this.#guard(() => readPosition(db, this.description));
    if (created === undefined) throw this.#unavailable('its head could not be written');
    return created;
  }

  async read(fromRevision: number, limit: number): Promise<Commit[]> {
    const db = this.#database();
    return this.#guard(() => {
      db.resetReadTxn();
      const commits: Commit[] = [];
      for (let size = 0; commits.length < limit && size < READ_BYTES; ) {
        const revision = fromRevision + commits.length;
        const bytes = db.get(logKey(revision));
        if (bytes === undefined) break;
        commits.push(decodeCommit(bytes, `commit ${revision} in ${this.description}`));
        size += bytes.length;
      }
      return commits;
    });
  }

  async append(parent: Head, commits: readonly Commit[]): Promise<AppendResult> {
    const values = encodeAppend(commits);
    const db = this.#database();
    const next = encodeHead(headAfter(parent, commits));
    try {
      const appended = await this.#write(db, () => {
        const current = db.get(HEAD_KEY);
        if (current === undefined || !encodeHead(parent).equals(current)) return false;
        for (const [index, value] of values.entries()) db.putSync(logKey(parent.revision + 1 + index), value);
        db.putSync(HEAD_KEY, next);
        raiseVersion(db);
        return true;
      });
      if (!appended) return { outcome: 'conflict' };
      this.#room.appended();
      for (const wake of this.#wakes) wake();
      return { outcome: 'appended' };
    } catch (cause) {
      if (lacksRoom(cause, this.#directory) && this.#isStill(db, parent))
        throw this.#room.refused(noRoom(this.description, this.#directory, cause));
      return { outcome: 'unknown', cause };
    }
  }

  async sizeBytes(): Promise<number> {
    this.#database();
    return this.#guard(() => statSync(join(this.#directory, DATA_FILE)).size);
  }

  async marks() {
    const db = this.#database();
    return this.#guard(() => {
      db.resetReadTxn();
      return readMarks(db);
    });
  }

  async readChunks(revision: number, writer: string): Promise<Uint8Array[]> {
    const db = this.#database();
    return this.#guard(() => {
      db.resetReadTxn();
      return readChunks(db, revision, writer);
    });
  }

  async writeCheckpoint(checkpoint: NewCheckpoint): Promise<boolean> {
    const db = this.#database();
    return this.#change(db, () => {
      const written = putCheckpoint(db, checkpoint);
      if (written) raiseVersion(db);
      return written;
    });
  }

  async trim(revision: number): Promise<boolean> {
    const db = this.#database();
    return this.#change(db, () => {
      const removed = removeBefore(db, revision);
      if (removed !== undefined && removed > 0) raiseVersion(db);
      return removed !== undefined;
    });
  }

  /** Reads a range of keys and the head at one moment, for who keeps something beside the log. */
  view(start: string, end: string): LmdbView {
    const db = this.#database();
    return this.#guard(() => {
      const position = readPosition(db, this.description);
      if (position === undefined) throw new Error('it has no head');
      const found = [...db.getRange({ start, end })];
      return { position, records: found.map(({ key, value }) => ({ key, bytes: value })) };
    });
  }

  /** One transaction, durable once it resolves. Rejects with UNAVAILABLE: it may have been done nevertheless. */
  async update<T>(action: (transaction: LmdbTransaction) => T): Promise<T> {
    const db = this.#database();
    let writes = 0;
    const version = () => readVersion(db) + 1;
    const result = await this.#write(db, () => {
      const done = action({
        get: (key) => db.get(key),
        put(key, bytes) {
          db.putSync(key, bytes);
          writes += 1;
        },
        remove(key) {
          db.removeSync(key);
          writes += 1;
        },
        version,
      });
      if (writes > 0) db.putSync(VERSION_KEY, Buffer.from(String(version())));
      return done;
    }).catch((error) => {
      throw this.#unavailable(error);
    });
    if (writes > 0) for (const wake of this.#wakes) wake();
    return result;
  }

  onWake(wake: () => void): () => void {
    this.#wakes.add(wake);
    this.#watchFiles();
    return () => this.#wakes.delete(wake);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    this.#wakes.clear();
    await this.#opened?.close();
    this.#opened = undefined;
  }

  #database(): RootDatabase<Buffer, string> {
    if (this.#closed) throw this.#unavailable('it was closed');
    this.#opened ??= this.#guard(() => {
      mkdirSync(this.#directory, { recursive: true });
      const damage = whyNotLmdb(join(this.#directory, DATA_FILE));
      if (damage !== undefined) throw new Error(damage);
      return open<Buffer, string>({
        path: this.#directory,
        noSubdir: false,
        encoding: 'binary',
        overlappingSync: false,
        // A batch of an event turn has a promise that nobody can reach: a commit that fails would end the process.
        eventTurnBatching: false,
      });
    });
    this.#watchFiles();
    return this.#opened;
  }

  /** Other processes wake us by their writes to the file. Where that can't be had, the look once a second does. */
  #watchFiles(): void {
    if (this.#watcher !== undefined || this.#opened === undefined || this.#wakes.size === 0) return;
    try {
      this.#watcher = watch(this.#directory, { persistent: false }, () => {
        for (const wake of this.#wakes) wake();
      }).on('error', () => undefined);
    } catch {
      // A hint only.
    }
  }

  #write<T>(db: RootDatabase<Buffer, string>, action: () => T): Promise<T> {
    const committed = db.transaction(action).catch(throwReason);
    return withDeadline(this.#clock, WRITE_DEADLINE_MS, committed, () => {
      throw new Error(`no write lock within ${WRITE_DEADLINE_MS / 1_000} s: another process holds it`);
    });
  }

  /** A transaction that does no harm when it is done twice. */
  #change<T>(db: RootDatabase<Buffer, string>, action: () => T): Promise<T> {
    return this.#write(db, action).catch((error: unknown) => {
      throw this.#unavailable(error);
    });
  }

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof LbError ? error : this.#unavailable(error);
    }
  }

  /** A head that stayed as it was tells that nothing was written. */
  #isStill(db: RootDatabase<Buffer, string>, parent: Head): boolean {
    db.resetReadTxn();
    return db.get(HEAD_KEY)?.equals(encodeHead(parent)) === true;
  }

  #unavailable(cause: unknown): LbError {
    const message = `the store ${this.description} does not work: ${wordsOf(cause, this.#directory)}`;
    return new LbError('UNAVAILABLE', message, [], cause);
  }
}

function readPosition(db: RootDatabase<Buffer, string>, description: string): Position | undefined {
  // lmdb keeps its read transaction through a turn of the event loop; a head must be the newest one.
  db.resetReadTxn();
  const bytes = db.get(HEAD_KEY);
  if (bytes === undefined) return undefined;
  return { ...decodeHead(bytes, `the head of ${description}`), version: readVersion(db) };
}

function readVersion(db: RootDatabase<Buffer, string>): number {
  return Number(db.get(VERSION_KEY)?.toString() ?? 0);
}

function raiseVersion(db: RootDatabase<Buffer, string>): void {
  db.putSync(VERSION_KEY, Buffer.from(String(readVersion(db) + 1)));
}

/** Inside a transaction: another process may have been first. `put` would make promises that nobody waits for. */
function createHead(db: RootDatabase<Buffer, string>): void {
  if (db.get(HEAD_KEY) !== undefined) return;
  const storeId = randomUUID();
  db.putSync(HEAD_KEY, encodeHead({ storeId, revision: 0, hash: genesisHash(storeId) }));
  raiseVersion(db);
}
