/**
 * The connection to an etcd cluster, shared by everything that is kept there.
 *
 * Invariants
 *  - every call has a deadline, and every error is an LbError, except what `txnOnce` leaves open;
 *  - a call goes only to endpoints of the one cluster that is meant (cluster-choice.ts), which is found out before the
 *    first call and again after each failure; an answer of another cluster counts as none;
 *  - a call that may be made twice goes to one endpoint after the other, so one that hangs costs only a moment;
 *  - `txnOnce` is sent once, to one endpoint;
 *  - a watch event is only a hint to read, so a lost one costs a second.
 */
import type { IRangeRequest, IRangeResponse, ITxnRequest, ITxnResponse } from 'etcd3';
import { backoff } from '../../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { Random } from '../../../core/runtime/random.ts';
import { HEAD_KEY } from '../keys.ts';
import { EtcdEndpoints, type ForeignLog } from './etcd-endpoints.ts';
import type { EtcdAccess } from './etcd-flags.ts';
import { EtcdEndpoint, type EtcdRange, type EtcdServices } from './etcd-endpoint.ts';
import { isElecting, isNotFound, noAnswer, refusalOf } from './etcd-errors.ts';
import { firstAnswer } from './first-answer.ts';
import { inParallel } from './parallel.ts';

/**
 * For a call to all endpoints together. With the pauses of the follower it stays below the two seconds within which a
 * commit that a quorum answers for must be seen.
 */
const CALL_DEADLINE_MS = 1_000;
/** An endpoint answers within a few milliseconds. After this, the next one is called as well. */
const PATIENCE_MS = 250;
/** A transaction that is sent once waits for etcd to elect a leader: without an answer, a read has to settle it. */
const TXN_DEADLINE_MS = 2_500;
/** Endpoints without a leader say so at once, and have one a moment later. */
const ELECTION_PAUSE_MS = 50;
/** Each is its own stream to etcd. */
const RENEWALS_AT_ONCE = 32;
const WATCH_RETRY_MIN_MS = 200;
const WATCH_RETRY_MAX_MS = 5_000;

export interface EtcdClientOptions {
  /** HOST:PORT of at least one endpoint. */
  readonly endpoints: readonly string[];
  readonly access: EtcdAccess;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears of endpoints of another cluster. */
  readonly logger?: ForeignLog;
}

/** How a transaction that was sent once has ended. */
export type Sent =
  | { readonly outcome: 'answered'; readonly answer: ITxnResponse }
  /** `cause` is etcd's own error. */
  | { readonly outcome: 'refused'; readonly refusal: LbError; readonly cause: unknown }
  /** No answer: it may be done, may come later, or may never. */
  | { readonly outcome: 'unknown'; readonly cause: unknown };

export class EtcdClient {
  /** For messages, such as `etcd:127.0.0.1:2379`. */
  readonly description: string;
  readonly prefix: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #endpoints: EtcdEndpoints;
  readonly #closing = new AbortController();
  /** The one that answered last. */
  #current = 0;

  constructor({ endpoints, access, clock, random, logger }: EtcdClientOptions) {
    const { prefix, tls, user } = access;
    this.description = `etcd:${endpoints.join(',')}`;
    this.prefix = prefix;
    this.#clock = clock;
    this.#random = random;
    const all = endpoints.map((endpoint) => new EtcdEndpoint({ endpoint, tls, user }));
    this.#endpoints = new EtcdEndpoints(all, this.key(HEAD_KEY), logger);
  }

  /** The bytes of a key of this fleet. */
  key(name: string): Buffer {
    return Buffer.from(this.prefix + name);
  }

  /** Linearizable, unless the request says otherwise. */
  range(request: IRangeRequest): Promise<IRangeResponse> {
    return this.#call(({ kv }) => kv.range(request));
  }

  /** A transaction that does no harm when it is done twice. */
  txn(request: ITxnRequest): Promise<ITxnResponse> {
    return this.#call(({ kv }) => kv.txn(request));
  }

  async txnOnce(request: ITxnRequest): Promise<Sent> {
    const deadline = this.#by(TXN_DEADLINE_MS);
    let sent = false;
    try {
      const answer = await this.#endpoints.callAt(this.#current, deadline, (endpoint) => {
        sent = true;
        return endpoint.call(deadline, ({ kv }) => kv.txn(request));
      });
      return { outcome: 'answered', answer };
    } catch (cause) {
      const refusal = refusalOf(cause, this) ?? (sent ? undefined : this.#noAnswer(cause));
      if (refusal !== undefined && sent) return { outcome: 'refused', refusal, cause };
      this.#current = (this.#current + 1) % this.#endpoints.count;
      return refusal === undefined ? { outcome: 'unknown', cause } : { outcome: 'refused', refusal, cause };
    }
  }

  /** What the database of the endpoint that answers takes on disk. */
  async sizeBytes(): Promise<number> {
    return Number((await this.#call(({ maintenance }) => maintenance.status())).dbSize);
  }

  /** The id of a new lease. A lease whose answer is lost ends by itself. */
  async grantLease(ttlSeconds: number): Promise<string> {
    return (await this.#call(({ lease }) => lease.leaseGrant({ TTL: ttlSeconds }))).ID;
  }

  /** Renews leases once; returns how many seconds each now has, 0 when the lease no longer exists. */
  renewLeases(ids: readonly string[]): Promise<readonly number[]> {
    const deadline = this.#by(CALL_DEADLINE_MS);
    const renew = (id: string) => this.#callEndpoints((endpoint, until) => endpoint.renewLease(id, until));
    return inParallel(ids, RENEWALS_AT_ONCE, renew, () => this.#clock.wallMs() >= deadline);
  }

  /** Ends a lease and removes its keys; it may have ended before. */
  async revokeLease(id: string): Promise<void> {
    await this.#call(({ lease }) =>
      lease.leaseRevoke({ ID: id }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      }),
    );
  }

  /**
   * Calls `wake` when keys from `key` up to `rangeEnd` (`key` alone without it) may have changed. A call can be late,
   * doubled or missing. Returns a way to stop.
   */
  watch(key: Buffer, wake: () => void, rangeEnd?: Buffer): () => void {
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.#closing.signal]);
    void this.#watch({ key, ...(rangeEnd && { range_end: rangeEnd }) }, wake, signal);
    return () => stopping.abort();
  }

  /** Whether every endpoint belongs to one cluster: otherwise a store that is missing may be elsewhere. Asks all of them. */
  isUnanimous(): Promise<boolean> {
    return this.#endpoints.isUnanimous(this.#by(CALL_DEADLINE_MS));
  }

  close(): void {
    this.#closing.abort();
    this.#endpoints.close();
  }

  #call<T>(call: (services: EtcdServices) => Promise<T>): Promise<T> {
    return this.#callEndpoints((endpoint, deadline) => endpoint.call(deadline, call));
  }

  /** Tries one endpoint after the other, so this is only for calls that may be made twice. */
  async #callEndpoints<T>(call: (endpoint: EtcdEndpoint, deadline: number) => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw this.#noAnswer('it was closed');
    const deadline = this.#by(CALL_DEADLINE_MS);
    for (;;) {
      try {
        return await this.#callOnce(deadline, (endpoint) => call(endpoint, deadline));
      } catch (failure) {
        if (!isElecting(failure) || this.#clock.wallMs() >= deadline)
          throw refusalOf(failure, this) ?? this.#noAnswer(failure);
      }
      await sleep(this.#clock, ELECTION_PAUSE_MS, this.#closing.signal);
    }
  }

  async #callOnce<T>(deadline: number, call: (endpoint: EtcdEndpoint) => Promise<T>): Promise<T> {
    const { count } = this.#endpoints;
    const first = this.#current;
    const order = Array.from({ length: count }, (_, index) => (first + index) % count);
    const calls = order.map((at) => () => this.#endpoints.callAt(at, deadline, call));
    const { answer, index } = await firstAnswer(calls, this.#clock, PATIENCE_MS);
    this.#current = order[index] ?? 0;
    return answer;
  }

  #noAnswer(error: unknown): LbError {
    // The same words for each try, whichever endpoint has failed last.
    const { code, message } = noAnswer(this.#endpoints.undecided ?? error, this);
    const others = this.#endpoints.foreign().filter((words) => !message.includes(words));
    return new LbError(code, [message, ...others].join('; '), [], error);
  }

  /** gRPC takes a deadline as an instant of the wall clock. */
  #by(waitMs: number): number {
    return this.#clock.wallMs() + waitMs;
  }

  async #watch(range: EtcdRange, wake: () => void, signal: AbortSignal): Promise<void> {
    const retry = backoff(WATCH_RETRY_MIN_MS, WATCH_RETRY_MAX_MS, this.#random);
    while (!signal.aborted) {
      const openedMs = this.#clock.nowMs();
      const deadline = this.#by(TXN_DEADLINE_MS);
      await this.#endpoints
        .callAt(this.#current, deadline, (endpoint) => endpoint.watch(range, wake, deadline, signal))
        .catch(() => undefined);
      if (this.#clock.nowMs() - openedMs > WATCH_RETRY_MAX_MS) retry.reset();
      await sleep(this.#clock, retry.nextMs(), signal);
    }
  }
}
