/**
 * The connection to an etcd cluster, shared by all who keep something there.
 *
 * Invariants
 *  - every call has a deadline, and every error is words (LbError), save for what `txnOnce` leaves open;
 *  - what may be done twice is asked of one member after the other, so that one that hangs costs a moment only;
 *  - `txnOnce` is sent once, to one member;
 *  - a watch event is a hint to read, never the news itself, so a lost one costs a second.
 */
import type { IRangeRequest, IRangeResponse, ITxnRequest, ITxnResponse } from 'etcd3';
import { backoff } from '../../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import type { LbError } from '../../../core/runtime/errors.ts';
import type { Random } from '../../../core/runtime/random.ts';
import type { EtcdAccess } from './etcd-access.ts';
import { EtcdEndpoint, type EtcdRange, type EtcdServices } from './etcd-endpoint.ts';
import { isElecting, isNotFound, refusalOf, silenceOf } from './etcd-errors.ts';
import { firstAnswer } from './first-answer.ts';
import { inParallel } from './parallel.ts';

/**
 * No answer, no matter from whom. With the pauses of the follower it stays below the two seconds after which a commit
 * that a quorum answers for must be seen.
 */
const ASK_DEADLINE_MS = 1_000;
/** A member answers in a few milliseconds. One that has not by then is given time, and the next one is asked too. */
const PATIENCE_MS = 250;
/** A transaction that is sent once waits for etcd to elect a leader: what it does not learn, a read has to settle. */
const TXN_DEADLINE_MS = 2_500;
/** Members without a leader say so at once, and have one a moment later. */
const ELECTION_PAUSE_MS = 50;
/** Each is a stream of its own to etcd. */
const RENEWALS_AT_ONCE = 32;
const WATCH_RETRY_MIN_MS = 200;
const WATCH_RETRY_MAX_MS = 5_000;

export interface EtcdClientOptions {
  /** HOST:PORT of the members, one at least. */
  readonly endpoints: readonly string[];
  readonly access: EtcdAccess;
  readonly clock: Clock;
  readonly random: Random;
}

/** How a transaction ended that was sent once. */
export type Sent =
  | { readonly outcome: 'answered'; readonly answer: ITxnResponse }
  /** Refused in words; `cause` is what etcd said. */
  | { readonly outcome: 'refused'; readonly refusal: LbError; readonly cause: unknown }
  /** No answer: it may be done, may come later, or may never. */
  | { readonly outcome: 'unknown'; readonly cause: unknown };

export class EtcdClient {
  /** For messages, such as `etcd:127.0.0.1:2379`. */
  readonly description: string;
  readonly prefix: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #members: readonly EtcdEndpoint[];
  readonly #closing = new AbortController();
  /** The one that answered last. */
  #current = 0;

  constructor({ endpoints, access, clock, random }: EtcdClientOptions) {
    const { prefix, tls, user } = access;
    this.description = `etcd:${endpoints.join(',')}`;
    this.prefix = prefix;
    this.#clock = clock;
    this.#random = random;
    this.#members = endpoints.map((endpoint) => new EtcdEndpoint({ endpoint, tls, user }));
  }

  /** The bytes of a key of this fleet. */
  key(name: string): Buffer {
    return Buffer.from(this.prefix + name);
  }

  /** Linearizable, unless the request says otherwise. */
  range(request: IRangeRequest): Promise<IRangeResponse> {
    return this.#ask(({ kv }) => kv.range(request));
  }

  /** A transaction that does no harm when it is done twice. */
  txn(request: ITxnRequest): Promise<ITxnResponse> {
    return this.#ask(({ kv }) => kv.txn(request));
  }

  async txnOnce(request: ITxnRequest): Promise<Sent> {
    try {
      const answer = await this.#member().call(this.#by(TXN_DEADLINE_MS), ({ kv }) => kv.txn(request));
      return { outcome: 'answered', answer };
    } catch (cause) {
      const refusal = refusalOf(cause, this);
      if (refusal !== undefined) return { outcome: 'refused', refusal, cause };
      this.#current = (this.#current + 1) % this.#members.length;
      return { outcome: 'unknown', cause };
    }
  }

  /** What the database of the member that answers takes on disk. */
  async sizeBytes(): Promise<number> {
    return Number((await this.#ask(({ maintenance }) => maintenance.status())).dbSize);
  }

  /** The id of a new lease. One whose answer is lost ends by itself. */
  async grantLease(ttlSeconds: number): Promise<string> {
    return (await this.#ask(({ lease }) => lease.leaseGrant({ TTL: ttlSeconds }))).ID;
  }

  /** Renews leases once; gives the seconds that each now has, 0 when there is no such lease any more. */
  renewLeases(ids: readonly string[]): Promise<readonly number[]> {
    const deadline = this.#by(ASK_DEADLINE_MS);
    const renew = (id: string) => this.#askMembers((member, until) => member.renewLease(id, until));
    return inParallel(ids, RENEWALS_AT_ONCE, renew, () => this.#clock.wallMs() >= deadline);
  }

  /** Ends a lease and removes its keys; fine when it has ended before. */
  async revokeLease(id: string): Promise<void> {
    await this.#ask(({ lease }) =>
      lease.leaseRevoke({ ID: id }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      }),
    );
  }

  /**
   * Calls `wake` when keys from `key` on may have changed (up to `rangeEnd`; that one only without it): late, doubled
   * or never. Returns a way to stop.
   */
  watch(key: Buffer, wake: () => void, rangeEnd?: Buffer): () => void {
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.#closing.signal]);
    void this.#watch({ key, ...(rangeEnd === undefined ? {} : { range_end: rangeEnd }) }, wake, signal);
    return () => stopping.abort();
  }

  close(): void {
    this.#closing.abort();
    for (const member of this.#members) member.close();
  }

  #ask<T>(call: (services: EtcdServices) => Promise<T>): Promise<T> {
    return this.#askMembers((member, deadline) => member.call(deadline, call));
  }

  /** Asks one member after the other. For calls that may be made twice only. */
  async #askMembers<T>(call: (member: EtcdEndpoint, deadline: number) => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw silenceOf('it was closed', this);
    const deadline = this.#by(ASK_DEADLINE_MS);
    for (;;) {
      try {
        return await this.#askOnce((member) => call(member, deadline));
      } catch (failure) {
        if (!isElecting(failure) || this.#clock.wallMs() >= deadline)
          throw refusalOf(failure, this) ?? silenceOf(failure, this);
      }
      await sleep(this.#clock, ELECTION_PAUSE_MS, this.#closing.signal);
    }
  }

  async #askOnce<T>(call: (member: EtcdEndpoint) => Promise<T>): Promise<T> {
    const first = this.#current;
    const order = [...this.#members.slice(first), ...this.#members.slice(0, first)];
    const options = { clock: this.#clock, patienceMs: PATIENCE_MS };
    const asks = order.map((member) => () => call(member));
    const { answer, index } = await firstAnswer(asks, options);
    this.#current = (first + index) % this.#members.length;
    return answer;
  }

  /** A deadline is an instant of the wall clock to gRPC. */
  #by(waitMs: number): number {
    return this.#clock.wallMs() + waitMs;
  }

  #member(): EtcdEndpoint {
    return this.#members[this.#current] as EtcdEndpoint;
  }

  async #watch(range: EtcdRange, wake: () => void, signal: AbortSignal): Promise<void> {
    const retry = backoff(WATCH_RETRY_MIN_MS, WATCH_RETRY_MAX_MS, this.#random);
    while (!signal.aborted) {
      const openedMs = this.#clock.nowMs();
      await this.#member()
        .watch(range, wake, this.#by(TXN_DEADLINE_MS), signal)
        .catch(() => undefined);
      if (this.#clock.nowMs() - openedMs > WATCH_RETRY_MAX_MS) retry.reset();
      await sleep(this.#clock, retry.nextMs(), signal);
    }
  }
}
