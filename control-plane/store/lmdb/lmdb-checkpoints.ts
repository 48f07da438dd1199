/** Checkpoints in LMDB. One transaction is one step here: a checkpoint is there whole or not at all. */
import type { RootDatabase } from 'lmdb';
import type { NewCheckpoint } from '../config-store.ts';
import { endOf, chunkKey, chunkPrefix, chunksBefore, logKey, markKey } from '../keys.ts';

type Database = RootDatabase<Buffer, string>;

export function readMarks(db: Database): { revision: number; mark: Uint8Array }[] {
  return Array.from(db.getRange({ start: 'mark/', end: endOf('mark/') }), ({ key, value }) => ({
    revision: Number(key.slice('mark/'.length)),
    mark: Buffer.from(value),
  }));
}

export function readChunks(db: Database, revision: number, writer: string): Uint8Array[] {
  const start = chunkPrefix(revision, writer);
  return Array.from(db.getRange({ start, end: endOf(start) }), ({ value }) => Buffer.from(value));
}

/** Inside a transaction. False, and nothing written, when it does not count. */
export function putCheckpoint(db: Database, { revision, writer, chunks, mark }: NewCheckpoint): boolean {
  const existing = db.get(markKey(revision));
  if (existing !== undefined) return existing.equals(mark);
  if (db.get(logKey(revision)) === undefined) return false;
  for (const [index, chunk] of chunks.entries()) {
    db.putSync(chunkKey(revision, writer, index), Buffer.from(chunk));
  }
  db.putSync(markKey(revision), Buffer.from(mark));
  return true;
}

/** Inside a transaction. How many keys were removed; undefined, and none was: there is no checkpoint of that revision. */
export function removeBefore(db: Database, revision: number): number | undefined {
  if (db.get(markKey(revision)) === undefined) return undefined;
  const keys = [
    ...db.getKeys({ start: logKey(1), end: logKey(revision + 1) }),
    ...db.getKeys({ start: markKey(0), end: markKey(revision) }),
    ...db.getKeys(chunksBefore(revision)),
  ];
  for (const key of keys) db.removeSync(key);
  return keys.length;
}
