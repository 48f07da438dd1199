/**
 * One LMDB directory: transactions, and wakes when it was written to. The only file that imports lmdb.
 *
 * Invariants
 *  - a write is visible only once it is durable: without overlappingSync LMDB calls fsync before it publishes the pages
 *    of a commit, so nobody ever sees what a power cut could take back;
 *  - the version counter grows in every transaction that writes;
 *  - several processes may open the same directory: LMDB's write lock lets one transaction run at a time.
 */
import { closeSync, constants, fchmodSync, fstatSync, type FSWatcher, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { open as openLmdb, type RootDatabase } from 'lmdb';
import type { Clock } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import { makePrivateFolder, openPrivateFile, syncFolderNow } from '../../../core/runtime/private-folder.ts';
import { VERSION_KEY } from '../keys.ts';
import { describeFailure, throwReason } from './lmdb-errors.ts';
import { whyNotLmdb } from './lmdb-file.ts';

const DATA_FILE = 'data.mdb';
const FILES = [DATA_FILE, 'lock.mdb'] as const;
/** A process that was stopped inside a transaction holds the write lock: nobody waits for it longer than this. */
const WRITE_DEADLINE_MS = 5_000;

type Table = RootDatabase<Buffer, string>;

interface LmdbRecord {
  readonly key: string;
  readonly value: Buffer;
}

/** What a read transaction sees: the newest durable state. */
export interface LmdbReader {
  readonly get: (key: string) => Buffer | undefined;
  /** The records from `start` up to, but without, `end`. */
  readonly range: (start: string, end: string) => LmdbRecord[];
  readonly keys: (start: string, end: string) => string[];
  readonly version: () => number;
}

export interface LmdbWriter extends LmdbReader {
  readonly put: (key: string, value: Buffer) => void;
  readonly remove: (key: string) => void;
}

export class LmdbDatabase {
  readonly description: string;
  readonly directory: string;
  readonly #clock: Clock;
  readonly #warn: (words: string) => void;
  readonly #wakes = new Set<() => void>();
  #opened: Table | undefined;
  #watcher: FSWatcher | undefined;
  #closed = false;
  #warned = false;

  constructor(directory: string, clock: Clock, warn: (words: string) => void) {
    this.#warn = warn;
    this.description = `lmdb:${directory}`;
    this.directory = directory;
    this.#clock = clock;
  }

  /** Throws UNAVAILABLE when the directory can't be used. */
  read<T>(action: (reader: LmdbReader) => T): T {
    const table = this.#table();
    return this.#guard(() => {
      // lmdb keeps a read transaction through one turn of the event loop; readers must see the newest commit.
      table.resetReadTxn();
      return action(readerOf(table));
    });
  }

  /** One transaction, durable once it resolves. Rejects with LMDB's own reason: it may have been done nevertheless. */
  async write<T>(action: (writer: LmdbWriter) => T): Promise<T> {
    const table = this.#table();
    let writes = 0;
    const transaction = table.transaction(() => {
      const writer = writerOf(table, () => (writes += 1));
      const done = action(writer);
      if (writes > 0) table.putSync(VERSION_KEY, Buffer.from(String(writer.version() + 1)));
      return done;
    });
    const result = await this.#inTime(transaction.catch(throwReason));
    if (writes > 0) this.#wake();
    return result;
  }

  /** A transaction that does no harm when it is done twice. Rejects with UNAVAILABLE. */
  change<T>(action: (writer: LmdbWriter) => T): Promise<T> {
    return this.write(action).catch((error: unknown) => {
      throw error instanceof LbError ? error : this.unavailable(error);
    });
  }

  sizeBytes(): number {
    this.#table();
    return this.#guard(() => statSync(join(this.directory, DATA_FILE)).size);
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

  unavailable(cause: unknown): LbError {
    const message = `the store ${this.description} does not work: ${describeFailure(cause, this.directory)}`;
    return new LbError('UNAVAILABLE', message, [], cause);
  }

  #table(): Table {
    if (this.#closed) throw this.unavailable('it was closed');
    this.#opened ??= this.#guard(() => {
      const open = makePrivateFolder(this.directory);
      // It is opened again and again while it can't be used.
      if (open !== undefined && !this.#warned) this.#warn(open);
      this.#warned ||= open !== undefined;
      for (const name of FILES) claimFile(join(this.directory, name));
      syncFolderNow(this.directory);
      const damage = whyNotLmdb(join(this.directory, DATA_FILE));
      if (damage !== undefined) throw new Error(damage);
      return openLmdb<Buffer, string>({
        path: this.directory,
        noSubdir: false,
        encoding: 'binary',
        overlappingSync: false,
        // lmdb gives nobody the promise of such a batch, so a commit that fails would end the process.
        eventTurnBatching: false,
      });
    });
    this.#watchFiles();
    return this.#opened;
  }

  /** Writes of other processes wake us through the file. Where that does not work, the poll once a second does. */
  #watchFiles(): void {
    if (this.#watcher !== undefined || this.#opened === undefined || this.#wakes.size === 0) return;
    try {
      this.#watcher = watch(this.directory, { persistent: false }, () => this.#wake()).on(
        'error',
        () => undefined,
      );
    } catch {
      // A wake is only a hint.
    }
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const message = `no write lock within ${WRITE_DEADLINE_MS / 1_000} s: another process holds it`;
      const timer = this.#clock.after(WRITE_DEADLINE_MS, () => reject(new Error(message)));
      work.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof LbError ? error : this.unavailable(error);
    }
  }
}

/** Before lmdb does, which would create it for everybody to read, and would follow a link. */
function claimFile(path: string): void {
  const file = openPrivateFile(path, constants.O_RDWR);
  try {
    if (fstatSync(file).uid === process.getuid?.()) fchmodSync(file, 0o600);
  } finally {
    closeSync(file);
  }
}

function readerOf(table: Table): LmdbReader {
  return {
    get: (key) => table.get(key),
    range: (start, end) => [...table.getRange({ start, end })],
    keys: (start, end) => [...table.getKeys({ start, end })],
    version: () => Number(table.get(VERSION_KEY)?.toString() ?? 0),
  };
}

/** Its writes are synchronous: lmdb's `put` would make promises that nobody waits for. */
function writerOf(table: Table, onWrite: () => void): LmdbWriter {
  return {
    ...readerOf(table),
    put(key, value) {
      table.putSync(key, value);
      onWrite();
    },
    remove(key) {
      table.removeSync(key);
      onWrite();
    },
  };
}
