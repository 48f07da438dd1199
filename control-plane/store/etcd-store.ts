/**
 * The store of a fleet: etcd. The only file that imports etcd3.
 *
 * Invariants
 *  - heads and logs are read linearizably; the version of a position is etcd's own revision at that read;
 *  - one transaction an append, guarded by the bytes of the head and sent once: neither we nor the client send it again;
 *  - every call has a deadline; a watch event is a hint to read, never the news itself, so a lost one costs a second.
 *
 * Of etcd3 only unary calls and the raw watch stream are used: its own watcher loses events and can hang.
 */
import { randomUUID } from 'node:crypto';
import {
  Etcd3,
  EtcdPermissionDeniedError,
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
  type IOptions,
  type IRangeRequest,
  type IRangeResponse,
  type IRequestOp,
} from 'etcd3';
import type { Commit, Head, Position } from '../../core/model/commit.ts';
import { genesisHash } from '../../core/model/hash.ts';
import { backoff } from '../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import type { Random } from '../../core/runtime/random.ts';
import { decodeCommit, decodeHead, encodeAppend, encodeHead } from './commit-codec.ts';
import type { AppendResult, ConfigStore } from './config-store.ts';
import { ETCD_PREFIX, HEAD_KEY, logKey } from './keys.ts';

const CALL_DEADLINE_MS = 2_500;
/** Far above one append; a read of many large commits that still exceeds it is made in smaller pieces. */
const MAX_RECEIVE_BYTES = 16 * 1_048_576;
const WATCH_RETRY_MIN_MS = 200;
const WATCH_RETRY_MAX_MS = 5_000;

export interface EtcdStoreOptions {
  /** HOST:PORT of the members. */
  readonly endpoints: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  /** For tests that share an etcd. */
  readonly prefix?: string;
}

export class EtcdStore implements ConfigStore {
  readonly description: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #prefix: string;
  /** One client a member, so that we choose whom to ask: the one that answered last. */
  readonly #clients: readonly Etcd3[];
  readonly #wakes = new Set<() => void>();
  readonly #closing = new AbortController();
  #current = 0;
  #watching = false;

  constructor({ endpoints, clock, random, prefix = ETCD_PREFIX }: EtcdStoreOptions) {
    this.description = `etcd:${endpoints.join(',')}`;
    this.#clock = clock;
    this.#random = random;
    this.#prefix = prefix;
    this.#clients = endpoints.map((endpoint) => new Etcd3(clientOptions(endpoint, clock)));
  }

  async head(): Promise<Position> {
    const found = await this.#readHead();
    if (found !== undefined) return found;
    await this.#createHead();
    const created = await this.#readHead();
    if (created !== undefined) return created;
    const message = `${this.description} has commits under ${this.#prefix} and no head: it is damaged or half restored; restore a backup, or use another etcd`;
    throw new LbError('FAILED_PRECONDITION', message);
  }

  async read(fromRevision: number, limit: number): Promise<Commit[]> {
    for (let count = limit; ; count = Math.ceil(count / 8)) {
      try {
        const { kvs } = await this.#range({
          key: this.#key(logKey(fromRevision)),
          range_end: this.#key(logKey(fromRevision + count)),
        });
        return kvs.map(({ key, value }) => decodeCommit(value, `${String(key)} in ${this.description}`));
      } catch (error) {
        if (count === 1 || !isTooLargeToReceive(error)) throw error;
      }
    }
  }

  async append(parent: Head, commits: readonly Commit[]): Promise<AppendResult> {
    const values = encodeAppend(commits);
    const last = commits.at(-1) as Commit;
    const head = encodeHead({ storeId: parent.storeId, revision: last.revision, hash: last.hash });
    const puts = values.map((value, index) => this.#put(logKey(parent.revision + 1 + index), value));
    try {
      const { succeeded } = await this.#client().kv.txn({
        compare: [{ key: this.#key(HEAD_KEY), result: 'Equal', target: 'Value', value: encodeHead(parent) }],
        success: [this.#put(HEAD_KEY, head), ...puts],
        failure: [],
      });
      return { outcome: succeeded ? 'appended' : 'conflict' };
    } catch (cause) {
      const refused = refusalOf(cause, this.description);
      if (refused !== undefined && (await this.#isCertain(cause, parent))) throw refused;
      if (refused === undefined) this.#useNextMember();
      return { outcome: 'unknown', cause };
    }
  }

  onWake(wake: () => void): () => void {
    this.#wakes.add(wake);
    if (!this.#watching) {
      this.#watching = true;
      void this.#watch();
    }
    return () => this.#wakes.delete(wake);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const client of this.#clients) client.close();
  }

  /** etcd may say that it is full when it has applied an append nevertheless: a head that stayed as it was tells. */
  async #isCertain(refusal: unknown, parent: Head): Promise<boolean> {
    if (!(refusal instanceof GRPCResourceExhastedError)) return true;
    const head = await this.#readHead().catch(() => undefined);
    return head !== undefined && encodeHead(head).equals(encodeHead(parent));
  }

  async #readHead(): Promise<Position | undefined> {
    const { header, kvs } = await this.#range({ key: this.#key(HEAD_KEY) });
    const value = kvs[0]?.value;
    if (value === undefined) return undefined;
    const head = decodeHead(value, `${this.#prefix}${HEAD_KEY} in ${this.description}`);
    return { ...head, version: Number(header.revision) };
  }

  /** Only where there is no log either: a log without a head is a damaged store, not a new one. */
  async #createHead(): Promise<void> {
    const storeId = randomUUID();
    const head = encodeHead({ storeId, revision: 0, hash: genesisHash(storeId) });
    const absent = (key: string) =>
      ({ key: this.#key(key), result: 'Equal', target: 'Create', create_revision: 0 }) as const;
    await this.#ask((client) =>
      client.kv.txn({
        compare: [absent(HEAD_KEY), absent(logKey(1))],
        success: [this.#put(HEAD_KEY, head)],
        failure: [],
      }),
    );
  }

  #range(request: IRangeRequest): Promise<IRangeResponse> {
    return this.#ask((client) => client.kv.range(request));
  }

  /** Asks one member after the other. For calls that may be made twice only. */
  async #ask<T>(call: (client: Etcd3) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (let attempt = 0; attempt < this.#clients.length; attempt++) {
      if (this.#closing.signal.aborted) break;
      try {
        return await call(this.#client());
      } catch (error) {
        failure = error;
        this.#useNextMember();
      }
    }
    throw (
      refusalOf(failure, this.description) ??
      new LbError(
        'UNAVAILABLE',
        `the store ${this.description} does not answer: ${failure === undefined ? 'it was closed' : messageOf(failure)}`,
        [],
        failure,
      )
    );
  }

  #client(): Etcd3 {
    return this.#clients[this.#current] as Etcd3;
  }

  #useNextMember(): void {
    this.#current = (this.#current + 1) % this.#clients.length;
  }

  async #watch(): Promise<void> {
    const retry = backoff(WATCH_RETRY_MIN_MS, WATCH_RETRY_MAX_MS, this.#random);
    while (!this.#closing.signal.aborted) {
      const openedMs = this.#clock.nowMs();
      await this.#watchOnce().catch(() => undefined);
      if (this.#clock.nowMs() - openedMs > WATCH_RETRY_MAX_MS) retry.reset();
      await sleep(this.#clock, retry.nextMs(), this.#closing.signal);
    }
  }

  /** Until the stream ends, for whatever reason. */
  async #watchOnce(): Promise<void> {
    const stream = await this.#client().watchClient.watch();
    const stop = () => stream.cancel();
    await new Promise<void>((resolve) => {
      const finish = () => resolve();
      stream.on('error', finish).on('end', finish);
      stream.on('data', () => {
        for (const wake of this.#wakes) wake();
      });
      if (this.#closing.signal.aborted) stop();
      this.#closing.signal.addEventListener('abort', stop, { once: true });
      stream.write({ create_request: { key: this.#key(HEAD_KEY) } });
    });
    this.#closing.signal.removeEventListener('abort', stop);
    stop();
  }

  #put(key: string, value: Buffer): IRequestOp {
    return { request_put: { key: this.#key(key), value } };
  }

  #key(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }
}

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** The client's own retries and circuit breakers, switched off: whoever calls knows whether it may be done twice. */
const ONCE = {
  execute: async <T>(call: (context: { signal: AbortSignal }) => T | PromiseLike<T>) =>
    call({ signal: new AbortController().signal }),
} as unknown as Policy;

function clientOptions(endpoint: string, clock: Clock): IOptions {
  return {
    hosts: [`http://${endpoint}`],
    faultHandling: { host: () => ONCE, global: ONCE },
    // A deadline is an instant of the wall clock to gRPC. Streams live until they are cancelled.
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: clock.wallMs() + CALL_DEADLINE_MS }),
    grpcOptions: {
      'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
      'grpc.enable_retries': 0,
      'grpc.keepalive_time_ms': 5_000,
      'grpc.keepalive_timeout_ms': 2_000,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
    },
  };
}

/** Answers of etcd itself that say: not done, and not now (but see `#isCertain`). Anything else leaves it open whether it was done. */
function refusalOf(error: unknown, store: string): LbError | undefined {
  const say = (code: 'RESOURCE_EXHAUSTED' | 'FAILED_PRECONDITION', hint: string) =>
    new LbError(
      code,
      `the store ${store} refused, and nothing was written: ${messageOf(error)}; ${hint}`,
      [],
      error,
    );
  if (error instanceof GRPCResourceExhastedError || error instanceof GRPCInvalidArgumentError) {
    return say(
      'RESOURCE_EXHAUSTED',
      'see its quota (NOSPACE: compact, defragment, disarm the alarm) and its limits',
    );
  }
  const forbidden =
    error instanceof EtcdPermissionDeniedError ||
    error instanceof GRPCUnauthenticatedError ||
    error instanceof GRPCFailedPreconditionError;
  return forbidden ? say('FAILED_PRECONDITION', 'see its users and roles') : undefined;
}

function isTooLargeToReceive(error: unknown): boolean {
  return error instanceof LbError && error.cause instanceof GRPCResourceExhastedError;
}
