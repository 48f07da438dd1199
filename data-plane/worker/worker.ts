/** One worker: an engine, the connection handler that it calls, and the plans. Does what the main thread orders. */
import type { Clock } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { seededRandom } from '../../core/runtime/random.ts';
import type { Engine, EngineFactory } from '../engine/engine.ts';
import { PoolQueues } from '../memory/pool-queues.ts';
import { LogRing } from '../memory/log-ring.ts';
import { type SharedCells, sharedCells, workerCells } from '../memory/shared-memory.ts';
import { TlsContexts } from '../tls/tls-contexts.ts';
import { ConnectionCounters } from './connection-counters.ts';
import { sharedBudget, sharedTargets } from './engine-inputs.ts';
import { WorkerConnections } from './connection-handler.ts';
import { ConnectionRecords } from './connection-records.ts';
import { PassiveHealth } from './passive-health.ts';
import { PlanRuntime, type PlanSurroundings } from './plan-runtime.ts';
import type { FromWorker, ToWorker, WorkerStart } from './protocol.ts';
import { Waiters } from './waiters.ts';
import { warmUp } from './warm-up.ts';
import { WorkerLog } from './worker-log.ts';

export interface WorkerInputs {
  readonly start: WorkerStart;
  readonly createEngine: EngineFactory;
  readonly clock: Clock;
  post(message: FromWorker): void;
  /** Ends a worker's wait for events, also this one's next. */
  wake(worker: number): void;
  /** Ends the thread. */
  exit(): void;
}

export class Worker {
  readonly #inputs: WorkerInputs;
  readonly #shared: SharedCells;
  readonly #surroundings: PlanSurroundings;
  readonly #connections: WorkerConnections;
  readonly engine: Engine;
  #running: PlanRuntime | null = null;
  #prepared: PlanRuntime | null = null;

  constructor(inputs: WorkerInputs) {
    this.#inputs = inputs;
    const { clock, createEngine, start } = inputs;
    const post = (message: FromWorker): void => inputs.post(message);
    const shared = sharedCells(start.buffers);
    const own = workerCells(start.buffers, start.index);
    const random = seededRandom(start.seed);
    const log = new WorkerLog(clock, own, post);
    this.#shared = shared;
    this.#surroundings = {
      shared,
      own,
      random,
      tls: new TlsContexts((message) => log.write('error', message)),
    };
    const counters = new ConnectionCounters(own);
    const queues = new PoolQueues(start.buffers, (worker) => inputs.wake(worker));
    const ring = start.buffers.logRings[start.index];
    this.#connections = new WorkerConnections({
      shared,
      own,
      clock,
      random,
      counters,
      log,
      passiveHealth: new PassiveHealth(shared, own, post, (pool) => queues.wakeNext(pool)),
      queues,
      waiters: new Waiters({ worker: start.index, queues, counters, clock }),
      records: ring
        ? new ConnectionRecords({ ring: new LogRing(ring), idPrefix: start.id, shared, clock, random })
        : null,
    });
    this.engine = createEngine({
      handler: this.#connections,
      targets: sharedTargets(shared),
      budget: sharedBudget(shared),
      clock,
      wakeFd: start.wakeFds[start.index] ?? -1,
      holdings: own,
      splice: start.splice,
      parkingBytes: start.parkingBytes,
      sourceAddresses: start.sourceAddresses,
      onSaturated: (on, cause) => post({ type: 'saturated', on, cause }),
      onFault: (where, error) => {
        const stack = error instanceof Error ? (error.stack ?? '') : '';
        log.write('error', `a failure in ${where}: ${messageOf(error)}`, { stack });
      },
    });
    warmUp();
    post({ type: 'ready' });
  }

  handle(message: ToWorker): void {
    switch (message.type) {
      case 'certificates':
        this.#surroundings.tls.use(message.bundle);
        break;
      case 'prepare':
        this.#prepared = new PlanRuntime(message.plan, this.#running, this.#surroundings);
        this.#inputs.post({ type: 'prepared', sequence: message.plan.sequence });
        break;
      case 'commit':
        this.#commit(message.sequence);
        break;
      case 'abort':
        if (this.#prepared?.sequence === message.sequence) this.#prepared = null;
        break;
      case 'listen':
        this.engine.listen(message.listener, message.on, (failure) => {
          this.#inputs.post({ type: 'listening', listener: message.listener, failure });
        });
        break;
      case 'unlisten':
        this.engine.unlisten(message.listener, () => {
          this.#inputs.post({ type: 'unlistened', listener: message.listener });
        });
        break;
      case 'close-backend':
        this.#closeBackend(message);
        break;
      case 'stop-accepting':
        this.engine.stopAccepting();
        this.#inputs.post({ type: 'stopped-accepting' });
        break;
      case 'exit':
        this.engine.close();
        this.#inputs.exit();
        break;
    }
  }

  /** It was woken: there may be room for connections that wait. */
  woken(): void {
    this.#connections.serveWaiting(this.engine);
  }

  /** The thread is about to crash: resets all connections, so that no peer takes that for an orderly close. */
  abandon(): void {
    this.engine.close('worker_lost');
  }

  /** Swaps to a plan that was prepared; without one it does not answer, and is ended for that. */
  #commit(sequence: number): void {
    if (this.#prepared?.sequence !== sequence) return;
    this.#running = this.#prepared;
    this.#prepared = null;
    this.#connections.adopt(this.#running, this.engine);
    this.#surroundings.tls.committed(sequence);
    this.#inputs.post({ type: 'committed', sequence });
  }

  #closeBackend({ row, generation, reason, share }: Extract<ToWorker, { type: 'close-backend' }>): void {
    if (Atomics.load(this.#shared.generation, row) !== generation) return;
    this.#connections.closeBackend(row, reason, share, this.engine);
  }
}
