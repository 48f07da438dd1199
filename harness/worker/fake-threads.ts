/** A worker pool over threads that answer by themselves, for tests without any. */
import { seededRandom } from '../../core/runtime/random.ts';
import { createBuffers } from '../../data-plane/memory/shared-memory.ts';
import type { FromWorker, ToWorker } from '../../data-plane/worker/protocol.ts';
import type { Thread, ThreadEvents } from '../../data-plane/worker/pool/worker-handle.ts';
import { WorkerPool } from '../../data-plane/worker/pool/worker-pool.ts';
import { FakeClock } from '../fake-clock.ts';

/** A thread that answers at once, but for what it is told not to answer. */
class FakeThread implements Thread {
  readonly index: number;
  readonly got: ToWorker[] = [];
  readonly #events: ThreadEvents;
  readonly #isDeafTo: (type: string) => boolean;
  #isGone = false;

  constructor(index: number, events: ThreadEvents, isDeafTo: (type: string) => boolean) {
    this.index = index;
    this.#events = events;
    this.#isDeafTo = isDeafTo;
    queueMicrotask(() => this.#answer('start', { type: 'ready' }));
  }

  post(message: ToWorker): void {
    this.got.push(message);
    if (message.type === 'prepare')
      this.#answer('prepare', { type: 'prepared', sequence: message.plan.sequence });
    if (message.type === 'commit') this.#answer('commit', { type: 'committed', sequence: message.sequence });
    if (message.type === 'listen') {
      this.#answer('listen', { type: 'listening', listener: message.listener, failure: null });
    }
    if (message.type === 'unlisten') {
      this.#answer('unlisten', { type: 'unlistened', listener: message.listener });
    }
    if (message.type === 'stop-accepting') this.#answer('stop-accepting', { type: 'stopped-accepting' });
    if (message.type === 'exit' && !this.#isDeafTo('exit')) queueMicrotask(() => this.die());
  }

  terminate(): Promise<void> {
    queueMicrotask(() => this.die());
    return Promise.resolve();
  }

  die(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#events.onExit();
  }

  tell(message: FromWorker): void {
    this.#events.onMessage(message);
  }

  get types(): string[] {
    return this.got.map(({ type }) => type);
  }

  #answer(type: string, message: FromWorker): void {
    if (!this.#isDeafTo(type)) queueMicrotask(() => !this.#isGone && this.tell(message));
  }
}

export interface PoolOptions {
  readonly workers?: number;
  /** Whether the nth thread of a worker, from 0 on, never answers messages of a type; `start`: it never becomes ready. */
  readonly isDeafTo?: (index: number, nth: number, type: string) => boolean;
}

/** `onClear` is called with what is to be done when the test is over. */
export function fakePool(
  onClear: (cleanup: () => unknown) => void,
  { workers = 2, isDeafTo = () => false }: PoolOptions,
) {
  const clock = new FakeClock();
  const buffers = createBuffers(workers);
  const threads: FakeThread[] = [];
  const events: string[] = [];
  const pool = new WorkerPool({
    engine: 'portable',
    libc: null,
    buffers,
    sourceAddresses: [],
    splice: false,
    parkingBytes: 8 * 1024 * 1024,
    clock,
    random: seededRandom(1),
    events: {
      onEjected: (...what) => events.push(`ejected ${what.join(' ')}`),
      onSaturated: (worker, on) => events.push(`saturated ${worker} ${on}`),
      onLog: (worker, { message }) => events.push(`log ${worker} ${message}`),
      onLost: (worker, why, connections) => events.push(`lost ${worker} ${connections}: ${why}`),
    },
    startThread: ({ index }, threadEvents) => {
      const nth = threads.filter((thread) => thread.index === index).length;
      const thread = new FakeThread(index, threadEvents, (type) => isDeafTo(index, nth, type));
      threads.push(thread);
      return thread;
    },
  });
  onClear(() => pool.stop(0));
  return { pool, clock, buffers, threads, events };
}
