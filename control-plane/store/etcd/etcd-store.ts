/**
 * The store of a fleet: a log in etcd.
 *
 * Invariants
 *  - heads and logs are read linearizably; the version of a position is etcd's own revision at that read;
 *  - an append is one transaction, guarded by the bytes of the head and sent once;
 *  - every write is guarded by the bytes of the store's home, which names the store and the etcd cluster in which it lives:
 *    nothing is written to another store, and a copy of ours in another cluster is not followed before it is adopted;
 *  - a checkpoint is one request per chunk, then the mark, which is written only while the commit of its revision is
 *    there: a trim that came between removed that commit and the chunks in one step;
 *  - a trim is one transaction, guarded by the mark that it leaves as the oldest.
 */
import { randomUUID } from 'node:crypto';
import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import { genesisHash } from '../../../core/model/hash.ts';
import { headAfter, originOf } from '../../../core/model/store-succession.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { AppendResult, ConfigStore, NewCheckpoint } from '../config-store.ts';
import {
  chunkKey,
  chunkPrefix,
  chunksBefore,
  endOf,
  HEAD_END,
  HEAD_KEY,
  HOME_KEY,
  logKey,
  markKey,
} from '../keys.ts';
import { decodeCommit, decodeHead, encodeAppend, encodeHead } from '../log/commit-codec.ts';
import type { EtcdClient } from './etcd-client.ts';
import { isExhausted, isTooMuch } from './etcd-errors.ts';

export class EtcdStore implements ConfigStore {
  readonly description: string;
  readonly #client: EtcdClient;
  /** As it was read last. */
  #home: Buffer | undefined;
  #clusterId = '';
  #moved: string | undefined;

  /** `close` closes the client, too. */
  constructor(client: EtcdClient) {
    this.#client = client;
    this.description = client.description;
  }

  async head(): Promise<Position> {
    const found = await this.#readHead();
    if (found !== undefined && this.#home === undefined) await this.#pinHome(found);
    if (found !== undefined) return found;
    await this.#createHead();
    const created = await this.#readHead();
    if (created !== undefined) return created;
    const message = `${this.description} has commits under ${this.#client.prefix} but no head: it is damaged or only half restored; restore a backup, or use another etcd`;
    throw new LbError('FAILED_PRECONDITION', message);
  }

  whyMoved(): string | undefined {
    return this.#moved;
  }

  /**
   * A transaction that writes to this store alone. It does no harm when it is done twice. With `needsRoom` it is refused by
   * an etcd that is full, which would carry out mere removals: the home is written again as it is.
   */
  async write(
    { compare = [], success = [], ...rest }: ITxnRequest,
    needsRoom = false,
  ): Promise<ITxnResponse> {
    if (this.#home === undefined) await this.head();
    if (this.#moved !== undefined) throw new LbError('FAILED_PRECONDITION', this.#moved);
    const again = needsRoom && this.#home !== undefined ? [this.#put(HOME_KEY, this.#home)] : [];
    const request = { ...rest, compare: [...this.#isHome(), ...compare], success: [...success, ...again] };
    return this.#client.txn(request);
  }

  async read(fromRevision: number, limit: number): Promise<Commit[]> {
    const first = this.#client.key(logKey(fromRevision));
    for (let count = limit; ; count = Math.ceil(count / 8)) {
      try {
        const range_end = this.#client.key(logKey(fromRevision + count));
        const { kvs } = await this.#client.range({ key: first, range_end });
        // If the first ones were trimmed away, what is left does not begin with `fromRevision`.
        if (kvs[0]?.key.equals(first) !== true) return [];
        return kvs.map(({ key, value }) => decodeCommit(value, `${String(key)} in ${this.description}`));
      } catch (error) {
        if (count === 1 || !isTooMuch(error)) throw error;
      }
    }
  }

  async append(parent: Head, commits: readonly Commit[]): Promise<AppendResult> {
    const values = encodeAppend(commits);
    const puts = values.map((value, index) => this.#put(logKey(parent.revision + 1 + index), value));
    const isAdopted = commits.some(({ changes }) => changes.some(({ op }) => op === 'adopt'));
    const home = isAdopted ? [this.#put(HOME_KEY, this.#homeOf(parent))] : [];
    const sent = await this.#client.txnOnce({
      compare: [this.#has(HEAD_KEY, encodeHead(parent)), ...this.#isHome()],
      success: [this.#put(HEAD_KEY, encodeHead(headAfter(parent, commits))), ...home, ...puts],
      failure: [],
    });
    if (sent.outcome === 'answered') return { outcome: sent.answer.succeeded ? 'appended' : 'conflict' };
    const { cause } = sent;
    if (sent.outcome === 'refused' && (await this.#isCertain(cause, parent))) throw sent.refusal;
    return { outcome: 'unknown', cause };
  }

  async marks(): Promise<{ revision: number; mark: Uint8Array }[]> {
    const start = this.#client.key('mark/');
    const { kvs } = await this.#client.range({ key: start, range_end: this.#client.key(endOf('mark/')) });
    return kvs.map(({ key, value }) => ({
      revision: Number(key.subarray(start.length).toString()),
      mark: value,
    }));
  }

  /** One request per chunk: together they may be more than one answer can hold. */
  async readChunks(revision: number, writer: string): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    for (let index = 0; ; index++) {
      const { kvs } = await this.#client.range({ key: this.#client.key(chunkKey(revision, writer, index)) });
      const value = kvs[0]?.value;
      if (value === undefined) return chunks;
      chunks.push(value);
    }
  }

  async writeCheckpoint({ revision, writer, chunks, mark }: NewCheckpoint): Promise<boolean> {
    for (const [index, chunk] of chunks.entries())
      await this.write({ success: [this.#put(chunkKey(revision, writer, index), chunk)] });
    const { succeeded, responses } = await this.write({
      compare: [this.#isAbsent(markKey(revision)), this.#isThere(logKey(revision))],
      success: [this.#put(markKey(revision), mark)],
      failure: [{ request_range: { key: this.#client.key(markKey(revision)) } }],
    });
    // An earlier try of the same transaction may have written the mark.
    const found = responses[0]?.response_range?.kvs[0]?.value;
    if (succeeded || found?.equals(mark) === true) return true;
    const prefix = chunkPrefix(revision, writer);
    await this.write({ success: [this.#removal(prefix, endOf(prefix))] });
    return false;
  }

  async trim(revision: number): Promise<boolean> {
    const chunks = chunksBefore(revision);
    const { succeeded } = await this.write({
      compare: [this.#isThere(markKey(revision))],
      success: [
        this.#removal(logKey(1), logKey(revision + 1)),
        this.#removal(markKey(0), markKey(revision)),
        this.#removal(chunks.start, chunks.end),
      ],
      failure: [],
    });
    return succeeded;
  }

  sizeBytes(): Promise<number> {
    return this.#client.sizeBytes();
  }

  onWake(wake: () => void): () => void {
    return this.#client.watch(this.#client.key(HEAD_KEY), wake);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  /** etcd may say that it is full although it has applied an append; a head that has not moved shows that it has not. */
  async #isCertain(refusal: unknown, parent: Head): Promise<boolean> {
    if (!isExhausted(refusal)) return true;
    const head = await this.#readHead().catch(() => undefined);
    return head !== undefined && encodeHead(head).equals(encodeHead(parent));
  }

  async #readHead(): Promise<Position | undefined> {
    const range_end = this.#client.key(HEAD_END);
    const { header, kvs } = await this.#client.range({ key: this.#client.key(HEAD_KEY), range_end });
    const valueOf = (name: string) => kvs.find(({ key }) => key.equals(this.#client.key(name)))?.value;
    const value = valueOf(HEAD_KEY);
    this.#home = valueOf(HOME_KEY);
    this.#clusterId = header.cluster_id;
    this.#moved = undefined;
    if (value === undefined) return undefined;
    const head = decodeHead(value, `${this.#client.prefix}${HEAD_KEY} in ${this.description}`);
    if (this.#home !== undefined && !this.#home.equals(this.#homeOf(head))) {
      this.#moved = `it is a copy in the etcd cluster ${this.#clusterId} of the store at home in another one (${String(this.#home)}): it was moved or restored`;
    }
    return { ...head, version: Number(header.revision) };
  }

  /** Only where there is no log either: a log without a head is a damaged store, not a new one. */
  async #createHead(): Promise<void> {
    if (!(await this.#client.isUnanimous())) {
      const message = `${this.description} has no store yet, and one is made only once every endpoint is known to belong to the same etcd cluster: check the endpoints, and start those that are down`;
      throw new LbError('UNAVAILABLE', message);
    }
    const storeId = randomUUID();
    const head = { storeId, revision: 0, hash: genesisHash(storeId) };
    await this.#client.txn({
      compare: [this.#isAbsent(HEAD_KEY), this.#isAbsent(logKey(1))],
      success: [this.#put(HEAD_KEY, encodeHead(head)), this.#put(HOME_KEY, this.#homeOf(head))],
      failure: [],
    });
  }

  /** For a store that an earlier program has made. If it can't be written now, for example because etcd is full, it is tried again. */
  async #pinHome(head: Head): Promise<void> {
    const home = this.#homeOf(head);
    const compare = [this.#has(HEAD_KEY, encodeHead(head)), this.#isAbsent(HOME_KEY)];
    const pinned = this.#client.txn({ compare, success: [this.#put(HOME_KEY, home)], failure: [] });
    const answer = await pinned.catch(() => undefined);
    if (answer?.succeeded === true) this.#home = home;
  }

  #homeOf(head: Head): Buffer {
    return Buffer.from(JSON.stringify({ store: originOf(head), cluster_id: this.#clusterId }));
  }

  #isHome(): ICompare[] {
    return [this.#home === undefined ? this.#isAbsent(HOME_KEY) : this.#has(HOME_KEY, this.#home)];
  }

  #has(key: string, value: Buffer): ICompare {
    return { key: this.#client.key(key), result: 'Equal', target: 'Value', value };
  }

  #isThere(key: string): ICompare {
    return { key: this.#client.key(key), result: 'Greater', target: 'Create', create_revision: 0 };
  }

  #isAbsent(key: string): ICompare {
    return { key: this.#client.key(key), result: 'Equal', target: 'Create', create_revision: 0 };
  }

  #put(key: string, value: Uint8Array): IRequestOp {
    return { request_put: { key: this.#client.key(key), value: Buffer.from(value) } };
  }

  #removal(start: string, end: string): IRequestOp {
    return { request_delete_range: { key: this.#client.key(start), range_end: this.#client.key(end) } };
  }
}
