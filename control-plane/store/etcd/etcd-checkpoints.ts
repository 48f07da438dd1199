/**
 * Checkpoints in etcd: a request for each chunk, then one transaction that makes them count.
 *
 * Invariants
 *  - the mark is written only while the commit of its revision is there: a trim that came between removed the chunks
 *    and that commit in one step, and then there is no mark;
 *  - a trim is one transaction, guarded by the mark that it leaves as the oldest.
 */
import type { ICompare, IRequestOp } from 'etcd3';
import type { NewCheckpoint } from '../config-store.ts';
import type { EtcdClient } from './etcd-client.ts';
import { endOf, chunkKey, chunkPrefix, chunksBefore, logKey, markKey } from '../keys.ts';

export async function readMarks(client: EtcdClient): Promise<{ revision: number; mark: Uint8Array }[]> {
  const start = client.key('mark/');
  const { kvs } = await client.range({ key: start, range_end: client.key(endOf('mark/')) });
  return kvs.map(({ key, value }) => ({
    revision: Number(key.subarray(start.length).toString()),
    mark: value,
  }));
}

/** One request a chunk: together they may be more than one answer can hold. */
export async function readChunks(
  client: EtcdClient,
  revision: number,
  writer: string,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let index = 0; ; index++) {
    const { kvs } = await client.range({ key: client.key(chunkKey(revision, writer, index)) });
    const value = kvs[0]?.value;
    if (value === undefined) return chunks;
    chunks.push(value);
  }
}

export async function writeCheckpoint(client: EtcdClient, checkpoint: NewCheckpoint): Promise<boolean> {
  const { revision, writer, chunks, mark } = checkpoint;
  for (const [index, chunk] of chunks.entries()) {
    await client.txn({
      compare: [],
      success: [put(client, chunkKey(revision, writer, index), chunk)],
      failure: [],
    });
  }
  const { succeeded, responses } = await client.txn({
    compare: [exists(client, markKey(revision), false), exists(client, logKey(revision), true)],
    success: [put(client, markKey(revision), mark)],
    failure: [{ request_range: { key: client.key(markKey(revision)) } }],
  });
  // It may have been done by an earlier try of the same transaction.
  const found = responses[0]?.response_range?.kvs[0]?.value;
  if (succeeded || found?.equals(mark) === true) return true;
  const prefix = chunkPrefix(revision, writer);
  await client.txn({ compare: [], success: [removal(client, prefix, endOf(prefix))], failure: [] });
  return false;
}

/** Whether there is a checkpoint of that revision to trim up to. */
export async function trim(client: EtcdClient, revision: number): Promise<boolean> {
  const chunks = chunksBefore(revision);
  const { succeeded } = await client.txn({
    compare: [exists(client, markKey(revision), true)],
    success: [
      removal(client, logKey(1), logKey(revision + 1)),
      removal(client, markKey(0), markKey(revision)),
      removal(client, chunks.start, chunks.end),
    ],
    failure: [],
  });
  return succeeded;
}

function exists(client: EtcdClient, key: string, there: boolean): ICompare {
  const result = there ? 'Greater' : 'Equal';
  return { key: client.key(key), result, target: 'Create', create_revision: 0 };
}

function put(client: EtcdClient, key: string, value: Uint8Array): IRequestOp {
  return { request_put: { key: client.key(key), value: Buffer.from(value) } };
}

function removal(client: EtcdClient, start: string, end: string): IRequestOp {
  return { request_delete_range: { key: client.key(start), range_end: client.key(end) } };
}
