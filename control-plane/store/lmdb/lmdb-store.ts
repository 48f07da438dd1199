/** The store of one machine: a log in an LMDB directory. A transaction makes compare-and-append one step. */
import { randomUUID } from 'node:crypto';
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import { genesisHash } from '../../../core/model/hash.ts';
import { headAfter } from '../../../core/model/store-succession.ts';
import type { Clock } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { AppendResult, ConfigStore, NewCheckpoint } from '../config-store.ts';
import { chunkKey, chunkPrefix, chunksBefore, endOf, HEAD_KEY, logKey, markKey } from '../keys.ts';
import { decodeCommit, decodeHead, encodeAppend, encodeHead } from '../log/commit-codec.ts';
import { LmdbDatabase, type LmdbReader, type LmdbWriter } from './lmdb-database.ts';
import { lacksRoom, noRoom } from './lmdb-errors.ts';

/** A read returns what it has once it has this much. */
const READ_BYTES = 8 * 1_048_576;

export interface LmdbStoreOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger?: {
    error(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    info(fields: object, message: string): void;
  };
}

export class LmdbStore implements ConfigStore {
  readonly description: string;
  readonly database: LmdbDatabase;
  readonly #logger: LmdbStoreOptions['logger'];
  #isFull = false;

  constructor({ directory, clock, logger }: LmdbStoreOptions) {
    this.database = new LmdbDatabase(directory, clock, (words) => logger?.warn({}, words));
    this.description = this.database.description;
    this.#logger = logger;
  }

  async head(): Promise<Position> {
    const find = () => this.database.read((reader) => this.position(reader));
    const found = find();
    if (found !== undefined) return found;
    await this.database.change(createHead);
    const created = find();
    if (created === undefined) throw this.database.unavailable('its head could not be written');
    return created;
  }

  /** The head and its version, inside a transaction of the caller. */
  position(reader: LmdbReader): Position | undefined {
    const bytes = reader.get(HEAD_KEY);
    if (bytes === undefined) return undefined;
    return { ...decodeHead(bytes, `the head of ${this.description}`), version: reader.version() };
  }

  async read(fromRevision: number, limit: number): Promise<Commit[]> {
    return this.database.read(({ get }) => {
      const commits: Commit[] = [];
      for (let size = 0; commits.length < limit && size < READ_BYTES; ) {
        const revision = fromRevision + commits.length;
        const bytes = get(logKey(revision));
        if (bytes === undefined) break;
        commits.push(decodeCommit(bytes, `commit ${revision} in ${this.description}`));
        size += bytes.length;
      }
      return commits;
    });
  }

  async append(parent: Head, commits: readonly Commit[]): Promise<AppendResult> {
    const values = encodeAppend(commits);
    const next = encodeHead(headAfter(parent, commits));
    try {
      const appended = await this.database.write((writer) => {
        if (!isHead(writer, parent)) return false;
        for (const [index, value] of values.entries()) writer.put(logKey(parent.revision + 1 + index), value);
        writer.put(HEAD_KEY, next);
        return true;
      });
      if (!appended) return { outcome: 'conflict' };
      if (this.#isFull) this.#logger?.info({}, 'the store has room again: changes are accepted');
      this.#isFull = false;
      return { outcome: 'appended' };
    } catch (cause) {
      // The directory can't be used at all: nothing was sent.
      if (cause instanceof LbError) throw cause;
      const { directory } = this.database;
      if (lacksRoom(cause, directory) && this.#isStillHead(parent))
        throw this.#full(noRoom(this.description, directory, cause));
      return { outcome: 'unknown', cause };
    }
  }

  async marks(): Promise<{ revision: number; mark: Uint8Array }[]> {
    const found = this.database.read(({ range }) => range('mark/', endOf('mark/')));
    return found.map(({ key, value }) => ({
      revision: Number(key.slice('mark/'.length)),
      mark: Buffer.from(value),
    }));
  }

  async readChunks(revision: number, writer: string): Promise<Uint8Array[]> {
    const start = chunkPrefix(revision, writer);
    const found = this.database.read(({ range }) => range(start, endOf(start)));
    return found.map(({ value }) => Buffer.from(value));
  }

  async writeCheckpoint({ revision, writer, chunks, mark }: NewCheckpoint): Promise<boolean> {
    return this.database.change(({ get, put }) => {
      const existing = get(markKey(revision));
      if (existing !== undefined) return existing.equals(mark);
      if (get(logKey(revision)) === undefined) return false;
      for (const [index, chunk] of chunks.entries())
        put(chunkKey(revision, writer, index), Buffer.from(chunk));
      put(markKey(revision), Buffer.from(mark));
      return true;
    });
  }

  async trim(revision: number): Promise<boolean> {
    return this.database.change(({ get, keys, remove }) => {
      if (get(markKey(revision)) === undefined) return false;
      const chunks = chunksBefore(revision);
      const old = [
        ...keys(logKey(1), logKey(revision + 1)),
        ...keys(markKey(0), markKey(revision)),
        ...keys(chunks.start, chunks.end),
      ];
      for (const key of old) remove(key);
      return true;
    });
  }

  async sizeBytes(): Promise<number> {
    return this.database.sizeBytes();
  }

  onWake(wake: () => void): () => void {
    return this.database.onWake(wake);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  #full(refusal: LbError): LbError {
    const message = 'the store has no room: changes are refused, reads go on';
    if (!this.#isFull) this.#logger?.error({ reason: refusal.message }, message);
    this.#isFull = true;
    return refusal;
  }

  /** A head that has not moved shows that nothing was written. */
  #isStillHead(parent: Head): boolean {
    try {
      return this.database.read((reader) => isHead(reader, parent));
    } catch {
      return false;
    }
  }
}

function isHead({ get }: LmdbReader, head: Head): boolean {
  return get(HEAD_KEY)?.equals(encodeHead(head)) === true;
}

/** Another process may have been first. */
function createHead({ get, put }: LmdbWriter): void {
  if (get(HEAD_KEY) !== undefined) return;
  const storeId = randomUUID();
  put(HEAD_KEY, encodeHead({ storeId, revision: 0, hash: genesisHash(storeId) }));
}
