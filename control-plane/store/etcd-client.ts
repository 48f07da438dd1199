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
import { backoff } from '../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import type { Random } from '../../core/runtime/random.ts';
import { EtcdMember } from './etcd-member.ts';
import { isNotFound, refusalOf } from './etcd-refusal.ts';
import { firstAnswer } from './first-answer.ts';

const CALL_DEADLINE_MS = 2_500;
/** A member answers in a few milliseconds. One that has not by then is given time, and the next one is asked too. */
const PATIENCE_MS = 300;
const WATCH_RETRY_MIN_MS = 200;
const WATCH_RETRY_MAX_MS = 5_000;

export interface EtcdClientOptions {
  /** HOST:PORT of the members, one at least. */
  readonly endpoints: readonly string[];
  /** What every key starts with: several fleets can share a cluster. */
  readonly prefix: string;
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
  readonly #members: readonly EtcdMember[];
  readonly #closing = new AbortController();
  /** The one that answered last. */
  #current = 0;

  constructor({ endpoints, prefix, clock, random }: EtcdClientOptions) {
    this.description = `etcd:${endpoints.join(',')}`;
    this.prefix = prefix;
    this.#clock = clock;
    this.#random = random;
    this.#members = endpoints.map((endpoint) => new EtcdMember(endpoint));
  }

  /** The bytes of a key of this fleet. */
  key(name: string): Buffer {
    return Buffer.from(this.prefix + name);
  }

  /** Linearizable, unless the request says otherwise. */
  range(request: IRangeRequest): Promise<IRangeResponse> {
    return this.#ask(({ kv }, deadline) => kv.range(request, { deadline }));
  }

  /** A transaction that does no harm when it is done twice. */
  txn(request: ITxnRequest): Promise<ITxnResponse> {
    return this.#ask(({ kv }, deadline) => kv.txn(request, { deadline }));
  }

  async txnOnce(request: ITxnRequest): Promise<Sent> {
    try {
      return { outcome: 'answered', answer: await this.#member().kv.txn(request, this.#byDeadline()) };
    } catch (cause) {
      const refusal = refusalOf(cause, this.description);
      if (refusal !== undefined) return { outcome: 'refused', refusal, cause };
      this.#current = (this.#current + 1) % this.#members.length;
      return { outcome: 'unknown', cause };
    }
  }

  /** The id of a new lease. One whose answer is lost ends by itself. */
  async grantLease(ttlSeconds: number): Promise<string> {
    const granted = await this.#ask(({ lease }, deadline) =>
      lease.leaseGrant({ TTL: ttlSeconds }, { deadline }),
    );
    return granted.ID;
  }

  /** Renews a lease once; gives the seconds that it now has, 0 when there is no such lease any more. */
  async renewLease(id: string): Promise<number> {
    return this.#ask(async ({ lease }, deadline) => {
      const stream = await lease.leaseKeepAlive({ deadline });
      try {
        return await new Promise<number>((resolve, reject) => {
          stream.on('data', ({ TTL }) => resolve(Math.max(0, Number(TTL))));
          stream.on('error', reject);
          stream.on('end', () => reject(new Error('the stream ended without an answer')));
          stream.write({ ID: id });
        });
      } finally {
        stream.cancel();
      }
    });
  }

  /** Ends a lease and removes its keys; fine when it has ended before. */
  async revokeLease(id: string): Promise<void> {
    await this.#ask(({ lease }, deadline) =>
      lease.leaseRevoke({ ID: id }, { deadline }).catch((error: unknown) => {
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

  /** Asks one member after the other. For calls that may be made twice only. */
  async #ask<T>(call: (member: EtcdMember, deadline: number) => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw this.#silent('it was closed');
    const first = this.#current;
    const order = [...this.#members.slice(first), ...this.#members.slice(0, first)];
    const { deadline } = this.#byDeadline();
    const options = { clock: this.#clock, patienceMs: PATIENCE_MS };
    try {
      const asks = order.map((member) => () => call(member, deadline));
      const { answer, index } = await firstAnswer(asks, options);
      this.#current = (first + index) % this.#members.length;
      return answer;
    } catch (failure) {
      throw refusalOf(failure, this.description) ?? this.#silent(messageOf(failure), failure);
    }
  }

  #silent(why: string, cause?: unknown): LbError {
    return new LbError('UNAVAILABLE', `the store ${this.description} does not answer: ${why}`, [], cause);
  }

  /** A deadline is an instant of the wall clock to gRPC. */
  #byDeadline(): { readonly deadline: number } {
    return { deadline: this.#clock.wallMs() + CALL_DEADLINE_MS };
  }

  #member(): EtcdMember {
    return this.#members[this.#current] as EtcdMember;
  }

  async #watch(range: object, wake: () => void, signal: AbortSignal): Promise<void> {
    const retry = backoff(WATCH_RETRY_MIN_MS, WATCH_RETRY_MAX_MS, this.#random);
    while (!signal.aborted) {
      const openedMs = this.#clock.nowMs();
      await this.#watchOnce(range, wake, signal).catch(() => undefined);
      if (this.#clock.nowMs() - openedMs > WATCH_RETRY_MAX_MS) retry.reset();
      await sleep(this.#clock, retry.nextMs(), signal);
    }
  }

  /** Until the stream ends, for whatever reason. */
  async #watchOnce(range: object, wake: () => void, signal: AbortSignal): Promise<void> {
    const stream = await this.#member().watch.watch();
    const stop = () => stream.cancel();
    await new Promise<void>((resolve) => {
      const finish = () => resolve();
      stream.on('error', finish).on('end', finish).on('data', wake);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      stream.write({ create_request: range });
    });
    signal.removeEventListener('abort', stop);
    stop();
  }
}
