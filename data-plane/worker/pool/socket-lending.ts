/**
 * Which worker accepts on which listening socket. Each worker has one of its own for each listener, lent by the main
 * thread; what a socket's queue holds is accepted from that socket alone.
 *
 * Invariants
 *  - while any worker runs, somebody accepts on every socket: its owner, or a neighbour for as long as that is away,
 *    however often and in whatever order they die;
 *  - a neighbour gives a socket back once the owner accepts on it again, or it would get more than its share;
 *  - when `unlisten` has resolved nobody accepts for a listener, and who waited in its queues was taken in, those of
 *    workers that are away or die meanwhile included;
 *  - an address without a descriptor is accepted on by its own worker alone: nobody else could have it.
 */
import type { ListenOn } from '../../engine/engine.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** What each worker listens on for one listener; null: nothing (it has no socket of its own). */
export type ListenPlaces = readonly (ListenOn | null)[];

interface Lent {
  readonly places: ListenPlaces;
  /** By place: the neighbour that was asked to accept there. */
  readonly helpers: (number | null)[];
}

export class SocketLending {
  readonly #answerMs: number;
  /** Those that may accept, by index. */
  readonly #workers = new Map<number, WorkerHandle>();
  readonly #listeners = new Map<number, Lent>();

  /** A worker that does not answer within `answerMs` is ended. */
  constructor(answerMs: number) {
    this.#answerMs = answerMs;
  }

  /** Makes all workers accept for a listener. Null, or why the first that failed did. Then none does. */
  async listen(listener: number, places: ListenPlaces): Promise<string | null> {
    const lent: Lent = { places, helpers: places.map(() => null) };
    this.#listeners.set(listener, lent);
    const own = [...this.#workers].map(([index, handle]) =>
      this.#accept(handle, listener, places[index] ?? null),
    );
    const failure = firstOf(await Promise.all([...own, this.#help(listener, lent)]));
    if (failure !== null) await this.unlisten(listener);
    return failure;
  }

  /** When it resolves no worker accepts for a listener: its descriptors may be closed. */
  async unlisten(listener: number): Promise<void> {
    const lent = this.#listeners.get(listener);
    this.#listeners.delete(listener);
    const lost = await this.#endAccepting(
      [...this.#workers],
      { type: 'unlisten', listener },
      isUnlistened(listener),
    );
    if (lent) await this.#takeIn(listener, lent.places, lost);
  }

  /** No worker accepts anything any more, for good, when it resolves. Who waits in a queue is left there. */
  async stop(): Promise<void> {
    this.#listeners.clear();
    const isAnswer = ({ type }: FromWorker) => type === 'stopped-accepting';
    await this.#endAccepting([...this.#workers], { type: 'stop-accepting' }, isAnswer);
  }

  /** A worker is there for good: it accepts on its own sockets from now on. Null, or why it can't. */
  async joined(index: number, handle: WorkerHandle): Promise<string | null> {
    this.#workers.set(index, handle);
    const own = [...this.#listeners].map(async ([listener, lent]) => {
      const failure = await this.#accept(handle, listener, lent.places[index] ?? null);
      // One that died on the way has not taken over.
      if (failure === null && this.#workers.get(index) === handle) this.#giveBack(listener, lent, index);
      return failure;
    });
    // When nobody was left, it is the first who can help.
    this.#helpEverywhere();
    return firstOf(await Promise.all(own));
  }

  gone(index: number): void {
    this.#workers.delete(index);
    for (const { helpers } of this.#listeners.values()) {
      for (const [place, helper] of helpers.entries()) if (helper === index) helpers[place] = null;
    }
    this.#helpEverywhere();
  }

  /** A failure of it is not told: the owner is on its way. */
  #helpEverywhere(): void {
    for (const [listener, lent] of this.#listeners) void this.#help(listener, lent);
  }

  /** Finds a neighbour for each socket that nobody accepts on. Null, or why the first that failed did. */
  async #help(listener: number, { places, helpers }: Lent): Promise<string | null> {
    const neighbours = [...this.#workers];
    const asked: Promise<string | null>[] = [];
    for (const [place, on] of places.entries()) {
      // In turn, so that not one of them gets all.
      const [index, handle] = neighbours[place % neighbours.length] ?? [];
      const isServed = this.#workers.has(place) || helpers[place] !== null;
      if (on?.type !== 'descriptor' || isServed || index === undefined || !handle) continue;
      helpers[place] = index;
      asked.push(this.#accept(handle, listener, on));
    }
    return firstOf(await Promise.all(asked));
  }

  /** The engines know listeners, not sockets: the neighbour lets go of all of a listener's, and takes up its own again. */
  #giveBack(listener: number, lent: Lent, owner: number): void {
    const { places, helpers } = lent;
    const helper = helpers[owner] ?? null;
    helpers[owner] = null;
    if (helper === null) return;
    const handle = this.#workers.get(helper);
    // Removed meanwhile.
    if (!handle || this.#listeners.get(listener) !== lent) return;
    // Asked, not sent: its answer must not pass for that of a later `unlisten`.
    void this.#endAccepting([[helper, handle]], { type: 'unlisten', listener }, isUnlistened(listener));
    const keeps = places.filter((_, place) => place === helper || helpers[place] === helper);
    for (const on of keeps) void this.#accept(handle, listener, on);
  }

  /** The queues of sockets whose workers died before they took them in. */
  async #takeIn(listener: number, places: ListenPlaces, lost: readonly number[]): Promise<void> {
    if (lost.length === 0) return;
    const [neighbour] = this.#workers;
    if (!neighbour) return;
    const [, handle] = neighbour;
    // All of them, since a worker that died may have helped another. Those of others are empty by now.
    for (const on of places) if (on?.type === 'descriptor') handle.send({ type: 'listen', listener, on });
    const lostAgain = await this.#endAccepting(
      [neighbour],
      { type: 'unlisten', listener },
      isUnlistened(listener),
    );
    await this.#takeIn(listener, places, lostAgain);
  }

  /** Which of them died instead. One that does not obey is ended: the descriptors may be closed next. */
  async #endAccepting(
    workers: readonly (readonly [index: number, handle: WorkerHandle])[],
    order: ToWorker,
    isAnswer: (answer: FromWorker) => boolean,
  ): Promise<readonly number[]> {
    const lost: number[] = [];
    const ends = workers.map(async ([index, handle]) => {
      if (await handle.ask(order, isAnswer, this.#answerMs)) return;
      await handle.kill('it goes on accepting');
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
    // A worker that is gone is no reason to give the listener up: another accepts. Nor is one that hangs.
    await handle.kill('it does not listen');
    return null;
  }
}

function isUnlistened(listener: number): (answer: FromWorker) => boolean {
  return (answer) => answer.type === 'unlistened' && answer.listener === listener;
}

function firstOf(failures: readonly (string | null)[]): string | null {
  return failures.find((failure) => failure !== null) ?? null;
}
