/**
 * An etcd in memory: what EtcdStore asks of a client, on a map of keys, each transaction one step. Clients have faults
 * of their own: a call can fail before it arrives or after it was carried out, and a client can die for good.
 */
import type { ICompare, IRangeRequest, IRequestOp, IResponseOp, ITxnRequest } from 'etcd3';
import type { EtcdClient, Sent } from '../../control-plane/store/etcd/etcd-client.ts';
import { LbError } from '../../core/runtime/errors.ts';

const PREFIX = '/test/';

/** What becomes of a call. */
export type CallFault = 'none' | 'not-sent' | 'lost-reply';

interface Entry {
  readonly value: Buffer;
  readonly created: number;
}

/** The "server". */
export class FakeEtcd {
  readonly keys = new Map<string, Entry>();
  #revision = 1;

  /** The keys that start with `prefix`, without the prefix of the fleet, sorted. */
  named(prefix: string): string[] {
    const all = [...this.keys.keys()].map((key) => key.slice(PREFIX.length));
    return all.filter((key) => key.startsWith(prefix)).sort();
  }

  remove(name: string): void {
    this.keys.delete(PREFIX + name);
  }

  range({ key, range_end }: IRangeRequest) {
    const start = String(key);
    const found = [...this.keys].filter(([name]) =>
      range_end === undefined ? name === start : name >= start && name < String(range_end),
    );
    found.sort(([a], [b]) => (a < b ? -1 : 1));
    const kvs = found.map(([name, { value }]) => ({ key: Buffer.from(name), value: Buffer.from(value) }));
    return { header: this.#header(), kvs };
  }

  txn({ compare = [], success = [], failure = [] }: ITxnRequest) {
    const succeeded = compare.every((one) => this.#holds(one));
    const responses = (succeeded ? success : failure).map((operation) => this.#do(operation));
    return { header: this.#header(), succeeded, responses };
  }

  #header() {
    return { revision: String(this.#revision), cluster_id: '1' };
  }

  #holds({ key, target, result, create_revision, value }: ICompare): boolean {
    const entry = this.keys.get(String(key));
    if (target === 'Value') return entry !== undefined && entry.value.equals(value as Buffer);
    const created = entry?.created ?? 0;
    return result === 'Greater' ? created > Number(create_revision) : created === Number(create_revision);
  }

  #do({ request_put, request_delete_range, request_range }: IRequestOp): Partial<IResponseOp> {
    if (request_put !== undefined) {
      this.#revision += 1;
      const key = String(request_put.key);
      const created = this.keys.get(key)?.created ?? this.#revision;
      this.keys.set(key, { value: Buffer.from(request_put.value as Buffer), created });
    }
    if (request_delete_range !== undefined) {
      this.#revision += 1;
      for (const { key } of this.range(request_delete_range).kvs) this.keys.delete(key.toString());
    }
    if (request_range === undefined) return {};
    return {
      response_range: this.range(request_range) as unknown as NonNullable<IResponseOp['response_range']>,
    };
  }
}

/** A client of it; `nextFault` is asked before each call. */
export class FakeEtcdClient {
  readonly description = 'etcd in memory';
  readonly prefix = PREFIX;
  readonly #etcd: FakeEtcd;
  nextFault: () => CallFault = () => 'none';
  /** Awaited before each call: a place to let others come first. */
  onCall: () => Promise<void> = () => Promise.resolve();
  dead = false;

  constructor(etcd: FakeEtcd) {
    this.#etcd = etcd;
  }

  /** What EtcdStore takes. */
  get client(): EtcdClient {
    return this as unknown as EtcdClient;
  }

  key(name: string): Buffer {
    return Buffer.from(PREFIX + name);
  }

  range(request: IRangeRequest) {
    return this.#call(() => this.#etcd.range(request));
  }

  txn(request: ITxnRequest) {
    return this.#call(() => this.#etcd.txn(request));
  }

  async txnOnce(request: ITxnRequest): Promise<Sent> {
    try {
      const answer = await this.txn(request);
      return { outcome: 'answered', answer: answer as never };
    } catch (cause) {
      return { outcome: 'unknown', cause };
    }
  }

  async isUnanimous(): Promise<boolean> {
    return true;
  }

  watch(): () => void {
    return () => undefined;
  }

  close(): void {
    this.dead = true;
  }

  async #call<T>(work: () => T): Promise<T> {
    await this.onCall();
    const fault = this.dead ? 'not-sent' : this.nextFault();
    const answer = fault === 'not-sent' ? undefined : work();
    if (fault === 'none' && answer !== undefined) return answer;
    throw new LbError('UNAVAILABLE', 'the etcd in memory does not answer');
  }
}
