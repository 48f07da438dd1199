/**
 * Decides which worker accepts on which listening socket. For each listener, every worker has a socket of its own, lent
 * by the main thread; the clients in a socket's queue can be accepted from that socket alone.
 *
 * Invariants
 *  - while any worker runs, some worker accepts on every socket: its owner, or a helper for as long as the owner is away,
 *    however often and in whatever order they die;
 *  - a helper gives a socket back once the owner accepts on it again, or it would get more than its share;
 *  - when `unlisten` has resolved no worker accepts for a listener, and the clients that waited in its queues were taken
 *    in, those of workers that are away or die meanwhile included;
 *  - an address without a descriptor is accepted on by its own worker alone: no other worker could bind it.
 */
import type { ListenOn } from '../../engine/engine.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** What each worker listens on for one listener, by worker; null: nothing (it has no socket of its own). */
export type WorkerSockets = readonly (ListenOn | null)[];

interface LentSockets {
  readonly sockets: WorkerSockets;
  /** By owner: the worker that accepts on the owner's socket instead. */
  readonly helpers: (number | null)[];
}

export class SocketLending {
  readonly #answerMs: number;
  /** Those that may accept, by index. */
  readonly #workers = new Map<number, WorkerHandle>();
  readonly #listeners = new Map<number, LentSockets>();

  /** A worker that does not answer within `answerMs` is ended. */
  constructor(answerMs: number) {
    this.#answerMs = answerMs;
  }

  /** Makes all workers accept for a listener. Null, or the first failure. After a failure none accepts. */
  async listen(listener: number, sockets: WorkerSockets): Promise<string | null> {
    const lent: LentSockets = { sockets, helpers: sockets.map(() => null) };
    this.#listeners.set(listener, lent);
    const own = [...this.#workers].map(([index, handle]) =>
      this.#accept(handle, listener, sockets[index] ?? null),
    );
    const failure = firstOf(await Promise.all([...own, this.#help(listener, lent)]));
    if (failure !== null) await this.unlisten(listener);
    return failure;
  }

  /** When it resolves no worker accepts for a listener: its descriptors may be closed. */
  async unlisten(listener: number): Promise<void> {
    const lent = this.#listeners.get(listener);
    this.#listeners.delete(listener);
    const lost = await this.#unlisten([...this.#workers], listener);
    if (lent) await this.#takeIn(listener, lent.sockets, lost);
  }

  /** When it resolves no worker accepts anything, for good, and the clients that waited in a queue were taken in. */
  async stop(): Promise<void> {
    await Promise.all([...this.#listeners.keys()].map((listener) => this.unlisten(listener)));
    const isAnswer = ({ type }: FromWorker) => type === 'stopped-accepting';
    await this.#endAccepting([...this.#workers], { type: 'stop-accepting' }, isAnswer);
  }

  /** A worker runs the current plan: it accepts on its own sockets from now on. Null, or why it can't. */
  async joined(index: number, handle: WorkerHandle): Promise<string | null> {
    this.#workers.set(index, handle);
    const own = [...this.#listeners].map(async ([listener, lent]) => {
      const failure = await this.#accept(handle, listener, lent.sockets[index] ?? null);
      // Unless it died meanwhile.
      if (failure === null && this.#workers.get(index) === handle) this.#giveBack(listener, lent, index);
      return failure;
    });
    // If no worker was left, this one is the first that can help.
    this.#helpEverywhere();
    return firstOf(await Promise.all(own));
  }

  gone(index: number): void {
    this.#workers.delete(index);
    for (const { helpers } of this.#listeners.values()) {
      for (const [owner, helper] of helpers.entries()) if (helper === index) helpers[owner] = null;
    }
    this.#helpEverywhere();
  }

  /** Its failures are not reported: the owners will be back. */
  #helpEverywhere(): void {
    for (const [listener, lent] of this.#listeners) void this.#help(listener, lent);
  }

  /** Finds a helper for each socket that no worker accepts on. Null, or the first failure. */
  async #help(listener: number, { sockets, helpers }: LentSockets): Promise<string | null> {
    const workers = [...this.#workers];
    const answers: Promise<string | null>[] = [];
    for (const [owner, on] of sockets.entries()) {
      // In turn, so that no worker gets all of them.
      const [index, handle] = workers[owner % workers.length] ?? [];
      const isServed = this.#workers.has(owner) || helpers[owner] !== null;
      if (on?.type !== 'descriptors' || isServed || index === undefined || !handle) continue;
      helpers[owner] = index;
      answers.push(this.#accept(handle, listener, on));
    }
    return firstOf(await Promise.all(answers));
  }

  /** Engines know listeners, not sockets: the helper stops for the whole listener, and starts again on what it keeps. */
  #giveBack(listener: number, lent: LentSockets, owner: number): void {
    const { sockets, helpers } = lent;
    const helper = helpers[owner] ?? null;
    helpers[owner] = null;
    if (helper === null) return;
    const handle = this.#workers.get(helper);
    // The listener may have been removed meanwhile.
    if (!handle || this.#listeners.get(listener) !== lent) return;
    // Its answer is awaited, so that it is not taken for the answer to a later `unlisten`.
    void this.#unlisten([[helper, handle]], listener);
    const keeps = sockets.filter((_, index) => index === helper || helpers[index] === helper);
    for (const on of keeps) void this.#accept(handle, listener, on);
  }

  /** Accepts the clients in the queues of workers that died before they could. */
  async #takeIn(listener: number, sockets: WorkerSockets, lost: readonly number[]): Promise<void> {
    const [first] = this.#workers;
    if (lost.length === 0 || !first) return;
    const [, handle] = first;
    // On all sockets, since a worker that died may have helped another. The queues of the others are empty by now.
    for (const on of sockets) if (on?.type === 'descriptors') handle.send({ type: 'listen', listener, on });
    await this.#takeIn(listener, sockets, await this.#unlisten([first], listener));
  }

  #unlisten(
    workers: readonly (readonly [index: number, handle: WorkerHandle])[],
    listener: number,
  ): Promise<readonly number[]> {
    const isAnswer = (answer: FromWorker) => answer.type === 'unlistened' && answer.listener === listener;
    return this.#endAccepting(workers, { type: 'unlisten', listener }, isAnswer);
  }

  /** Returns those that died instead. A worker that does not obey is ended: the descriptors may be closed next. */
  async #endAccepting(
    workers: readonly (readonly [index: number, handle: WorkerHandle])[],
    order: ToWorker,
    isAnswer: (answer: FromWorker) => boolean,
  ): Promise<readonly number[]> {
    const lost: number[] = [];
    const ends = workers.map(async ([index, handle]) => {
      if (await handle.ask(order, isAnswer, this.#answerMs)) return;
      await handle.kill('it did not stop accepting');
      lost.push(index);
    });
    await Promise.all(ends);
    return lost;
  }

  async #accept(handle: WorkerHandle, listener: number, on: ListenOn | null): Promise<string | null> {
    if (!on) return null;
    const isAnswer = (answer: FromWorker) => answer.type === 'listening' && answer.listener === listener;
    const answer = await handle.ask({ type: 'listen', listener, on }, isAnswer, this.#answerMs);
    if (answer?.type === 'listening') return answer.failure;
    // A worker that is gone or hangs is no reason to give the listener up: another accepts.
    await handle.kill('it did not start to listen');
    return null;
  }
}

function firstOf(failures: readonly (string | null)[]): string | null {
  return failures.find((failure) => failure !== null) ?? null;
}
