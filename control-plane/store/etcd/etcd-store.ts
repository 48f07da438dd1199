/**
 * The store of a fleet: etcd.
 *
 * Invariants
 *  - heads and logs are read linearizably; the version of a position is etcd's own revision at that read;
 *  - one transaction an append, guarded by the bytes of the head and sent once.
 */
import { randomUUID } from 'node:crypto';
import type { IRequestOp } from 'etcd3';
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import { genesisHash } from '../../../core/model/hash.ts';
import { headAfter } from '../../../core/model/succession.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import { decodeCommit, decodeHead, encodeAppend, encodeHead } from '../log/commit-codec.ts';
import type { AppendResult, ConfigStore, NewCheckpoint } from '../config-store.ts';
import { readChunks, readMarks, trim, writeCheckpoint } from './etcd-checkpoints.ts';
import type { EtcdClient } from './etcd-client.ts';
import { isExhausted, isLate } from './etcd-errors.ts';
import { HEAD_KEY, logKey } from '../keys.ts';

export class EtcdStore implements ConfigStore {
  readonly description: string;
  readonly #client: EtcdClient;

  /** `client` is closed by `close`. */
  constructor(client: EtcdClient) {
    this.#client = client;
    this.description = client.description;
  }

  async head(): Promise<Position> {
    const found = await this.#readHead();
    if (found !== undefined) return found;
    await this.#createHead();
    const created = await this.#readHead();
    if (created !== undefined) return created;
    const message = `${this.description} has commits under ${this.#client.prefix} and no head: it is damaged or half restored; restore a backup, or use another etcd`;
    throw new LbError('FAILED_PRECONDITION', message);
  }

  async read(fromRevision: number, limit: number): Promise<Commit[]> {
    for (let count = limit; ; count = Math.ceil(count / 8)) {
      try {
        const { kvs } = await this.#client.range({
          key: this.#client.key(logKey(fromRevision)),
          range_end: this.#client.key(logKey(fromRevision + count)),
        });
        // The first ones may have been trimmed away: then what is left does not begin with `fromRevision`.
        if (kvs[0]?.key.equals(this.#client.key(logKey(fromRevision))) !== true) return [];
        return kvs.map(({ key, value }) => decodeCommit(value, `${String(key)} in ${this.description}`));
      } catch (error) {
        if (count === 1 || !isTooMuch(error)) throw error;
      }
    }
  }

  async append(parent: Head, commits: readonly Commit[]): Promise<AppendResult> {
    const values = encodeAppend(commits);
    const head = encodeHead(headAfter(parent, commits));
    const puts = values.map((value, index) => this.#put(logKey(parent.revision + 1 + index), value));
    const sent = await this.#client.txnOnce({
      compare: [
        { key: this.#client.key(HEAD_KEY), result: 'Equal', target: 'Value', value: encodeHead(parent) },
      ],
      success: [this.#put(HEAD_KEY, head), ...puts],
      failure: [],
    });
    if (sent.outcome === 'answered') {
      return { outcome: sent.answer.succeeded ? 'appended' : 'conflict' };
    }
    const { cause } = sent;
    if (sent.outcome === 'refused' && (await this.#isCertain(cause, parent))) throw sent.refusal;
    return { outcome: 'unknown', cause };
  }

  sizeBytes(): Promise<number> {
    return this.#client.sizeBytes();
  }

  marks() {
    return readMarks(this.#client);
  }

  readChunks(revision: number, writer: string): Promise<Uint8Array[]> {
    return readChunks(this.#client, revision, writer);
  }

  writeCheckpoint(checkpoint: NewCheckpoint): Promise<boolean> {
    return writeCheckpoint(this.#client, checkpoint);
  }

  trim(revision: number): Promise<boolean> {
    return trim(this.#client, revision);
  }

  onWake(wake: () => void): () => void {
    return this.#client.watch(this.#client.key(HEAD_KEY), wake);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  /** etcd may say that it is full when it has applied an append nevertheless: a head that stayed as it was tells. */
  async #isCertain(refusal: unknown, parent: Head): Promise<boolean> {
    if (!isExhausted(refusal)) return true;
    const head = await this.#readHead().catch(() => undefined);
    return head !== undefined && encodeHead(head).equals(encodeHead(parent));
  }

  async #readHead(): Promise<Position | undefined> {
    const { header, kvs } = await this.#client.range({ key: this.#client.key(HEAD_KEY) });
    const value = kvs[0]?.value;
    if (value === undefined) return undefined;
    const head = decodeHead(value, `${this.#client.prefix}${HEAD_KEY} in ${this.description}`);
    return { ...head, version: Number(header.revision) };
  }

  /** Only where there is no log either: a log without a head is a damaged store, not a new one. */
  async #createHead(): Promise<void> {
    const storeId = randomUUID();
    const head = encodeHead({ storeId, revision: 0, hash: genesisHash(storeId) });
    const absent = (key: string) =>
      ({ key: this.#client.key(key), result: 'Equal', target: 'Create', create_revision: 0 }) as const;
    await this.#client.txn({
      compare: [absent(HEAD_KEY), absent(logKey(1))],
      success: [this.#put(HEAD_KEY, head)],
      failure: [],
    });
  }

  #put(key: string, value: Buffer): IRequestOp {
    return { request_put: { key: this.#client.key(key), value } };
  }
}

/** For one answer, or for the time that it has on a slow network. */
function isTooMuch(error: unknown): boolean {
  return error instanceof LbError && (isExhausted(error.cause) || isLate(error.cause));
}
