/**
 * The worker threads of a proxy: keeps as many as were asked for alive, and makes all of them run one plan.
 *
 * Invariants
 *  - which worker gets which plan when is decided by rollout-machine.ts; a worker that is late is ended;
 *  - a worker counts (is in #running) only with the current plan; its listeners come next;
 *  - a dead worker's connections are taken out of what workers share before its replacement starts;
 *  - a first failure is made good at once, further ones in a row after a delay that doubles; who accepts on the dead
 *    one's sockets meanwhile is decided by lending.ts;
 *  - nothing here fails because a worker does, and every wait has a deadline.
 */
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import { type Backoff, backoff } from '../../../core/runtime/backoff.ts';
import { type Random, randomBelow } from '../../../core/runtime/random.ts';
import type { CloseReason } from '../../memory/close-reasons.ts';
import type { Plan } from '../../plan/plan.ts';
import { CONTROL, type SharedBuffers, sharedCells, workerCells } from '../../memory/shared-memory.ts';
import type { Libc } from '../../kernel/libc.ts';
import { SocketLending, type ListenPlaces } from './socket-lending.ts';
import { closeDescriptors, LostWorkers } from './lost-worker.ts';
import type { FromWorker, WorkerStart } from '../protocol.ts';
import { done, isAnswerTo, type PlanOrder, Rollout } from './rollout.ts';
import { WakeUp } from './wake-up.ts';
import { type StartThread, WorkerHandle } from './worker-handle.ts';

/** For what a worker does in milliseconds, on a machine that swaps. */
const ANSWER_MS = 10_000;
const RESTART_MIN_MS = 200;
const RESTART_MAX_MS = 10_000;
/** A worker that lived this long did not fail in a row with the one before. */
const SETTLED_MS = 10_000;
const DRAIN_LOOK_MS = 20;

export interface WorkerPoolEvents {
  onEjected(row: number, generation: number, reason: string): void;
  onSaturated(worker: number, on: boolean, cause: Extract<FromWorker, { type: 'saturated' }>['cause']): void;
  onLog(worker: number, record: Extract<FromWorker, { type: 'log' }>): void;
  /** A worker died or was ended for being late, and will be replaced. */
  onLost(worker: number, why: string, lostConnections: number): void;
}

export interface WorkerPoolInputs {
  readonly engine: WorkerStart['engine'];
  /** Null where it can't be called: then the engine is the portable one. */
  readonly libc: Libc | null;
  readonly buffers: SharedBuffers;
  readonly sourceAddresses: readonly string[];
  readonly splice: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: WorkerPoolEvents;
  readonly startThread: StartThread;
}

interface Place {
  readonly index: number;
  readonly backoff: Backoff;
  handle: WorkerHandle | null;
  /** Called when the present worker counts, or is gone. */
  settled: () => void;
  /** What the rollout knows the present worker by. */
  worker: number;
  restarts: number;
  startedMs: number;
}

export class WorkerPool {
  readonly #inputs: WorkerPoolInputs;
  readonly #places: readonly Place[];
  readonly #running = new Map<number, WorkerHandle>();
  readonly #lending = new SocketLending(ANSWER_MS);
  readonly #rollout = new Rollout({
    order: (worker, order) => this.#order(worker, order),
    counts: (worker) => this.#onCounts(worker),
  });
  #workersStarted = 0;
  readonly #stopped = new AbortController();
  readonly #wakeUp: WakeUp;
  readonly #lost: LostWorkers;

  constructor(inputs: WorkerPoolInputs) {
    this.#inputs = inputs;
    const { clock, random, buffers } = inputs;
    this.#places = Array.from({ length: buffers.workerCount }, (_, index) => ({
      index,
      backoff: backoff(RESTART_MIN_MS, RESTART_MAX_MS, random),
      handle: null,
      settled: () => {},
      worker: 0,
      restarts: 0,
      startedMs: clock.nowMs(),
    }));
    this.#lost = new LostWorkers(buffers, inputs.libc);
    this.#wakeUp = new WakeUp(inputs.engine === 'epoll' ? inputs.libc : null, buffers);
  }

  /** Starts all workers. Rejects when not one of them starts, with the reason of the last. */
  async start(): Promise<void> {
    this.#wakeUp.install();
    const failures = await Promise.all(this.#places.map((place) => this.#boot(place)));
    if (this.#running.size === 0)
      throw new Error(`no worker starts: ${failures.find(Boolean) ?? 'unknown reason'}`);
  }

  /** Makes all workers run this plan. To be called again only when it has resolved. */
  apply(plan: Plan): Promise<void> {
    return this.#rollout.apply(plan);
  }

  /** Makes all workers accept for a listener. Null, or why the first that failed did. Then none does. */
  listen(listener: number, places: ListenPlaces): Promise<string | null> {
    return this.#lending.listen(listener, places);
  }

  /** When it resolves no worker accepts for a listener: its descriptors may be closed. */
  unlisten(listener: number): Promise<void> {
    return this.#lending.unlisten(listener);
  }

  /** Resets the connections to a backend, if its row is still of this generation. */
  closeBackend(row: number, generation: number, reason: CloseReason): void {
    for (const handle of this.#running.values())
      handle.send({ type: 'close-backend', row, generation, reason });
  }

  /** By worker: how often it was replaced. */
  get restarts(): readonly number[] {
    return this.#places.map(({ restarts }) => restarts);
  }

  /**
   * Stops accepting for good: no worker does when this resolves. Close the listening sockets then: clients would wait
   * in their backlogs.
   */
  stopAccepting(): Promise<void> {
    return this.#lending.stop();
  }

  /** Stops accepting, waits up to `drainMs` for connections to end, resets the rest and ends all threads. */
  async stop(drainMs: number): Promise<void> {
    const { clock, buffers, libc } = this.#inputs;
    const { control } = sharedCells(buffers);
    await this.stopAccepting();
    const deadlineMs = clock.nowMs() + drainMs;
    while (Atomics.load(control, CONTROL.connections) > 0 && clock.nowMs() < deadlineMs) {
      await sleep(clock, DRAIN_LOOK_MS);
    }
    this.#stopped.abort();
    await Promise.all(
      this.#places.map(async ({ handle, index }) => {
        if (!handle) return;
        await handle.ask({ type: 'exit' }, () => false, ANSWER_MS);
        await handle.kill('the proxy stops');
        if (libc) closeDescriptors(workerCells(buffers, index), libc);
      }),
    );
    this.#wakeUp.close();
  }

  /** Null, or why the worker at this place did not come to count. It is replaced then. */
  async #boot(place: Place): Promise<string | null> {
    const handle = this.#startThread(place);
    if (typeof handle === 'string') return handle;
    const isReady = await handle.expect(({ type }) => type === 'ready', ANSWER_MS);
    if (!isReady) await handle.kill('it did not become ready');
    else if (handle === place.handle) await this.#catchUp(place);
    if (handle !== place.handle) return 'it ended while it started';
    // One that can't accept on its sockets is ended: its share of the clients would wait in their queues.
    const failure = await this.#lending.joined(place.index, handle);
    if (failure !== null) await handle.kill(`it can't listen: ${failure}`);
    return failure;
  }

  /** Resolves when the new worker counts, or is gone. */
  #catchUp(place: Place): Promise<void> {
    return new Promise((resolve) => {
      place.settled = resolve;
      this.#rollout.started(place.worker);
    });
  }

  #startThread(place: Place): WorkerHandle | string {
    const { buffers, clock, engine, random, sourceAddresses, splice, startThread } = this.#inputs;
    const { index } = place;
    try {
      const seed = randomBelow(random, 2 ** 32);
      const wakeFd = this.#wakeUp.eventfd(index);
      const start = { index, engine, buffers, wakeFd, seed, sourceAddresses, splice };
      place.startedMs = clock.nowMs();
      place.worker = ++this.#workersStarted;
      place.handle = new WorkerHandle(startThread, start, clock, {
        onNews: (message) => this.#onNews(index, message),
        onGone: (why) => this.#onGone(place, why),
      });
      return place.handle;
    } catch (error) {
      this.#onGone(place, messageOf(error));
      return messageOf(error);
    }
  }

  /** A worker that does not obey in time is ended: it must not go on with an old plan. */
  async #order(worker: number, order: PlanOrder): Promise<boolean> {
    const handle = this.#placeOf(worker)?.handle;
    if (!handle) return false;
    const answer = await handle.ask(order, (message) => isAnswerTo(order, message), ANSWER_MS);
    if (!answer) await handle.kill(`it has not ${done(order)} within ${ANSWER_MS / 1_000} s`);
    return answer !== null;
  }

  #onCounts(worker: number): void {
    const place = this.#placeOf(worker);
    if (!place?.handle) return;
    this.#running.set(place.index, place.handle);
    place.settled();
  }

  #placeOf(worker: number): Place | undefined {
    return this.#places.find((place) => place.worker === worker);
  }

  #onNews(worker: number, message: FromWorker): void {
    const { events } = this.#inputs;
    if (message.type === 'ejected') events.onEjected(message.row, message.generation, message.reason);
    else if (message.type === 'saturated') events.onSaturated(worker, message.on, message.cause);
    else if (message.type === 'log') events.onLog(worker, message);
  }

  #onGone(place: Place, why: string): void {
    place.handle = null;
    this.#running.delete(place.index);
    this.#lending.gone(place.index);
    this.#rollout.gone(place.worker);
    place.settled();
    if (this.#stopped.signal.aborted) return;
    const { clock, events } = this.#inputs;
    events.onLost(place.index, why, this.#lost.takeOut(place.index));
    place.restarts += 1;
    const hadSettled = clock.nowMs() - place.startedMs >= SETTLED_MS;
    if (hadSettled) place.backoff.reset();
    void this.#replace(place, hadSettled || place.restarts === 1);
  }

  async #replace(place: Place, atOnce: boolean): Promise<void> {
    if (!atOnce) await sleep(this.#inputs.clock, place.backoff.nextMs(), this.#stopped.signal);
    if (!this.#stopped.signal.aborted) await this.#boot(place);
  }
}
