/**
 * The worker threads of a proxy: keeps the wanted number of them alive, and makes all of them run one plan.
 *
 * Invariants
 *  - rollout-machine.ts decides which worker gets which plan when; a worker that is late is ended;
 *  - a worker counts (is in #running) only with the current plan; it gets its listeners after that;
 *  - a dead worker's connections are subtracted from what workers share before its replacement starts;
 *  - the first replacement starts at once, further ones in a row after a delay that doubles; socket-lending.ts decides
 *    who accepts on the dead worker's sockets meanwhile;
 *  - nothing here fails because a worker does, and every wait has a deadline.
 */
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import { type Backoff, backoff } from '../../../core/runtime/backoff.ts';
import { type Random, randomBelow } from '../../../core/runtime/random.ts';
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import type { Plan } from '../../plan/plan.ts';
import { PoolQueues } from '../../memory/pool-queues.ts';
import { CONTROL, type SharedBuffers, sharedCells, workerCells } from '../../memory/shared-memory.ts';
import type { CertificateBundle } from '../../tls/bundle.ts';
import type { Libc } from '../../kernel/libc.ts';
import { SocketLending, type WorkerSockets } from './socket-lending.ts';
import { closeDescriptors, LostWorkers } from './lost-worker.ts';
import type { FromWorker, WorkerStart } from '../protocol.ts';
import { done, isAnswerTo, type PlanOrder, Rollout } from './rollout.ts';
import { afterRunning } from './running-time.ts';
import { WakeUp } from './wake-up.ts';
import { type StartThread, WorkerHandle } from './worker-handle.ts';

/** A worker answers in milliseconds; this allows for a machine that swaps. */
const ANSWER_MS = 10_000;
const RESTART_MIN_MS = 200;
const RESTART_MAX_MS = 10_000;
/** A worker that lived this long does not count as another failure in a row. */
const SETTLED_MS = 10_000;
const DRAIN_POLL_MS = 20;

export interface WorkerPoolEvents {
  onEjected(row: number, generation: number, reason: string, cause?: 'early_closes'): void;
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
  /** Distinguishes this process from earlier ones. */
  readonly instance?: string | undefined;
  readonly splice: boolean;
  /** Of each worker: see EngineInputs. */
  readonly parkingBytes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: WorkerPoolEvents;
  readonly startThread: StartThread;
}

/** One worker of the pool, over all threads that ran as it. */
interface PoolWorker {
  readonly index: number;
  readonly backoff: Backoff;
  /** The present thread; null: there is none. */
  handle: WorkerHandle | null;
  /** Called when the present thread counts, or is gone. */
  settled: () => void;
  /** Identifies the present thread to the rollout. */
  thread: number;
  restarts: number;
  startedMs: number;
}

export class WorkerPool {
  readonly #inputs: WorkerPoolInputs;
  readonly #workers: readonly PoolWorker[];
  readonly #running = new Map<number, WorkerHandle>();
  readonly #lending = new SocketLending(ANSWER_MS);
  readonly #rollout = new Rollout({
    order: (thread, order) => this.#order(thread, order),
    counts: (thread) => this.#onCounts(thread),
  });
  /** What workers terminate TLS with; null: no listener does. */
  #certificates: CertificateBundle | null = null;
  #threadsStarted = 0;
  readonly #stopped = new AbortController();
  readonly #wakeUp: WakeUp;
  readonly #lost: LostWorkers;
  readonly #queues: PoolQueues;

  constructor(inputs: WorkerPoolInputs) {
    this.#inputs = inputs;
    const { clock, random, buffers } = inputs;
    this.#workers = Array.from({ length: buffers.workerCount }, (_, index) => ({
      index,
      backoff: backoff(RESTART_MIN_MS, RESTART_MAX_MS, random),
      handle: null,
      settled: () => {},
      thread: 0,
      restarts: 0,
      startedMs: clock.nowMs(),
    }));
    this.#lost = new LostWorkers(buffers, inputs.libc);
    this.#wakeUp = new WakeUp(inputs.engine === 'epoll' ? inputs.libc : null, buffers);
    this.#queues = new PoolQueues(buffers, (worker) => this.#wakeUp.wake(worker));
  }

  /** Starts all workers. Rejects when none of them starts, with the first reason. */
  async start(): Promise<void> {
    this.#wakeUp.install();
    const failures = await Promise.all(this.#workers.map((worker) => this.#boot(worker)));
    if (this.#running.size === 0)
      throw new Error(`no worker started: ${failures.find(Boolean) ?? 'unknown reason'}`);
  }

  /** Makes all workers run this plan. To be called again only when it has resolved. */
  apply(plan: Plan): Promise<void> {
    return this.#rollout.apply(plan);
  }

  /** Gives all workers, and those that replace them, what they terminate TLS with. */
  useCertificates(bundle: CertificateBundle): void {
    this.#certificates = bundle;
    for (const { handle } of this.#workers) handle?.send({ type: 'certificates', bundle });
  }

  /** Makes all workers accept for a listener. Null, or why the first that failed did. Then none does. */
  listen(listener: number, sockets: WorkerSockets): Promise<string | null> {
    return this.#lending.listen(listener, sockets);
  }

  /** When it resolves no worker accepts for a listener: its descriptors may be closed. */
  unlisten(listener: number): Promise<void> {
    return this.#lending.unlisten(listener);
  }

  /** Resets a share of the connections to a backend (0 to 1, by chance), if its row still has this generation. */
  closeBackend(row: number, generation: number, reason: CloseReason, share: number): void {
    for (const handle of this.#running.values())
      handle.send({ type: 'close-backend', row, generation, reason, share });
  }

  /** A pool may have room for connections that wait. */
  wakeQueue(pool: number): void {
    this.#queues.wakeNext(pool);
  }

  /** By worker: how often it was replaced. */
  get restarts(): readonly number[] {
    return this.#workers.map(({ restarts }) => restarts);
  }

  /** Stops accepting for good. Close the listening sockets when it resolves: clients would wait in their backlogs. */
  stopAccepting(): Promise<void> {
    return this.#lending.stop();
  }

  /** Stops accepting, waits up to `drainMs` for connections to end, resets the rest and ends all threads. */
  async stop(drainMs: number): Promise<void> {
    const { clock, buffers, libc } = this.#inputs;
    const { control } = sharedCells(buffers);
    await this.stopAccepting();
    const drain = new AbortController();
    const deadline = afterRunning(clock, drainMs, () => drain.abort());
    if (drainMs <= 0) drain.abort();
    while (Atomics.load(control, CONTROL.connections) > 0 && !drain.signal.aborted)
      await sleep(clock, DRAIN_POLL_MS);
    deadline.cancel();
    this.#stopped.abort();
    await Promise.all(
      this.#workers.map(async ({ handle, index }) => {
        if (!handle) return;
        await handle.ask({ type: 'exit' }, () => false, ANSWER_MS);
        await handle.kill('the proxy stops');
        if (libc) closeDescriptors(workerCells(buffers, index), libc);
      }),
    );
    this.#wakeUp.close();
  }

  /** Starts a thread. Null, or why it did not come to count. It is replaced then. */
  async #boot(worker: PoolWorker): Promise<string | null> {
    const handle = this.#startThread(worker);
    if (typeof handle === 'string') return handle;
    const isReady = await handle.expect(({ type }) => type === 'ready', ANSWER_MS);
    if (!isReady) await handle.kill('it did not become ready');
    else if (handle === worker.handle) await this.#catchUp(worker);
    if (handle !== worker.handle) return 'it ended while it was starting';
    // A worker that can't accept on its sockets is ended: its share of the clients would wait in their queues.
    const failure = await this.#lending.joined(worker.index, handle);
    if (failure !== null) await handle.kill(`it can't listen: ${failure}`);
    return failure;
  }

  /** Resolves when the new thread counts, or is gone. */
  #catchUp(worker: PoolWorker): Promise<void> {
    return new Promise((resolve) => {
      worker.settled = resolve;
      this.#rollout.started(worker.thread);
    });
  }

  #startThread(worker: PoolWorker): WorkerHandle | string {
    const {
      buffers,
      clock,
      engine,
      instance = '',
      parkingBytes,
      random,
      sourceAddresses,
      splice,
      startThread,
    } = this.#inputs;
    const { index } = worker;
    try {
      const seed = randomBelow(random, 2 ** 32);
      const wakeFds = this.#wakeUp.eventfds;
      const id = `${instance}-${index}`;
      const start = { index, id, engine, buffers, wakeFds, seed, sourceAddresses, splice, parkingBytes };
      worker.startedMs = clock.nowMs();
      worker.thread = ++this.#threadsStarted;
      worker.handle = new WorkerHandle(startThread, start, clock, {
        onNews: (message) => this.#onNews(index, message),
        onGone: (why) => this.#onGone(worker, why),
      });
      if (this.#certificates) worker.handle.send({ type: 'certificates', bundle: this.#certificates });
      return worker.handle;
    } catch (error) {
      this.#onGone(worker, messageOf(error));
      return messageOf(error);
    }
  }

  /** A worker that does not obey in time is ended: it must not keep running an old plan. */
  async #order(thread: number, order: PlanOrder): Promise<boolean> {
    const handle = this.#workerOf(thread)?.handle;
    if (!handle) return false;
    const answer = await handle.ask(order, (message) => isAnswerTo(order, message), ANSWER_MS);
    if (!answer) await handle.kill(`it has not ${done(order)} within ${ANSWER_MS / 1_000} s`);
    return answer !== null;
  }

  #onCounts(thread: number): void {
    const worker = this.#workerOf(thread);
    if (!worker?.handle) return;
    this.#running.set(worker.index, worker.handle);
    worker.settled();
  }

  #workerOf(thread: number): PoolWorker | undefined {
    return this.#workers.find((worker) => worker.thread === thread);
  }

  #onNews(worker: number, message: FromWorker): void {
    const { events } = this.#inputs;
    if (message.type === 'ejected')
      events.onEjected(message.row, message.generation, message.reason, message.cause);
    else if (message.type === 'saturated') events.onSaturated(worker, message.on, message.cause);
    else if (message.type === 'log') events.onLog(worker, message);
  }

  #onGone(worker: PoolWorker, why: string): void {
    worker.handle = null;
    this.#running.delete(worker.index);
    this.#lending.gone(worker.index);
    this.#rollout.gone(worker.thread);
    worker.settled();
    if (this.#stopped.signal.aborted) return;
    const { clock, events } = this.#inputs;
    const lost = this.#lost.takeOut(worker.index);
    this.#queues.lost(worker.index);
    events.onLost(worker.index, why, lost);
    worker.restarts += 1;
    const hadSettled = clock.nowMs() - worker.startedMs >= SETTLED_MS;
    if (hadSettled) worker.backoff.reset();
    void this.#replace(worker, hadSettled || worker.restarts === 1);
  }

  async #replace(worker: PoolWorker, atOnce: boolean): Promise<void> {
    if (!atOnce) await sleep(this.#inputs.clock, worker.backoff.nextMs(), this.#stopped.signal);
    if (!this.#stopped.signal.aborted) await this.#boot(worker);
  }
}
