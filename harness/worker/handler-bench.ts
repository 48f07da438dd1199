/** The connection handler of a worker without threads or sockets: a test plays the engine. */
import { constants } from 'node:os';
import { POLICY_DEFAULTS } from '../../core/model/defaults.ts';
import type { Strategy } from '../../core/model/resources.ts';
import { seededRandom } from '../../core/runtime/random.ts';
import { type Engine, NO_ROW, WAIT } from '../../data-plane/engine/engine.ts';
import type { PlanDirectory } from '../../data-plane/plan/plan-directory.ts';
import { createBuffers, HEALTH, sharedCells, workerCells } from '../../data-plane/memory/shared-memory.ts';
import { PeerAddress } from '../../data-plane/engine/peer-address.ts';
import { createLogRing, LogRing } from '../../data-plane/memory/log-ring.ts';
import { ConnectionRecords } from '../../data-plane/worker/connection-records.ts';
import { ConnectionCounters } from '../../data-plane/worker/connection-counters.ts';
import { WorkerConnections } from '../../data-plane/worker/connection-handler.ts';
import { PoolQueues } from '../../data-plane/memory/pool-queues.ts';
import { Waiters } from '../../data-plane/worker/waiters.ts';
import { PassiveHealth } from '../../data-plane/worker/passive-health.ts';
import { PlanRuntime } from '../../data-plane/worker/plan-runtime.ts';
import { WorkerLog } from '../../data-plane/worker/worker-log.ts';
import { TlsContexts } from '../../data-plane/tls/tls-contexts.ts';
import type { FromWorker } from '../../data-plane/worker/protocol.ts';
import { FakeClock } from '../fake-clock.ts';
import { backend, listener, policy, pool } from '../snapshots.ts';
import { Planner } from './planner.ts';

const { ECONNREFUSED } = constants.errno;

export interface BenchConfig {
  readonly backends: Readonly<Record<string, number>>;
  /** Of those that are not of tier 0. */
  readonly tiers?: Readonly<Record<string, number>>;
  readonly maxLifetimeMs?: number;
  readonly strategy?: Strategy;
  readonly retries?: number;
  readonly logOneIn?: number;
  readonly isChecked?: boolean;
  /** Of each backend. */
  readonly maxConnections?: number;
  readonly queue?: { readonly length: number; readonly timeoutMs: number };
}

/** A handler, its memory, and an engine that only remembers what it is told. */
export class HandlerBench {
  readonly clock = new FakeClock();
  readonly posted: FromWorker[] = [];
  readonly reconsidered: number[] = [];
  readonly resets: string[] = [];
  readonly #buffers = createBuffers(1);
  readonly shared = sharedCells(this.#buffers);
  readonly own = workerCells(this.#buffers, 0);
  readonly #planner = new Planner(this.#buffers);
  readonly #random = seededRandom(7);
  readonly ring = new LogRing(createLogRing(64));
  readonly peer = new PeerAddress();
  readonly #records = new ConnectionRecords({
    idPrefix: 'proxy-0',
    ring: this.ring,
    shared: this.shared,
    clock: this.clock,
    random: seededRandom(7),
  });
  /** Workers that were woken for a queue. */
  readonly woken: number[] = [];
  readonly queues = new PoolQueues(this.#buffers, (worker) => this.woken.push(worker));
  readonly handler = new WorkerConnections({
    shared: this.shared,
    own: this.own,
    counters: new ConnectionCounters(this.own),
    records: this.#records,
    log: new WorkerLog(this.clock, this.own, (message) => this.posted.push(message)),
    passiveHealth: new PassiveHealth(
      this.shared,
      this.own,
      (message) => this.posted.push(message),
      () => {},
    ),
    queues: this.queues,
    waiters: new Waiters({
      worker: 0,
      queues: this.queues,
      counters: new ConnectionCounters(this.own),
      clock: this.clock,
    }),
    clock: this.clock,
    random: this.#random,
  });
  readonly engine = {
    reconsider: (slot: number) => this.reconsidered.push(slot),
    reset: (slot: number, reason: string) => this.resets.push(`${slot} ${reason}`),
  } as unknown as Engine;
  #runtime: PlanRuntime | null = null;

  /** The pool `web` behind listener row 0; all its backends are healthy. */
  apply({
    backends,
    strategy = 'round_robin',
    retries = 2,
    logOneIn = 1,
    isChecked = true,
    tiers = {},
    maxLifetimeMs = 0,
    maxConnections = 0,
    queue,
  }: BenchConfig): void {
    const healthCheck = { ...POLICY_DEFAULTS.healthCheck, type: isChecked ? 'tcp' : 'none' } as const;
    const connect = { timeoutMs: 1_000, retries };
    const { plan } = this.#planner.build(
      policy('p', { strategy, connect, healthCheck, connectionLog: { oneIn: logOneIn }, maxLifetimeMs }),
      pool('web', 'p', queue && { queue }),
      ...Object.entries(backends).map(([name, weight]) =>
        backend('web', addressOf(name), weight, 'active', tiers[name], { maxConnections }),
      ),
      listener('web', '127.0.0.1:80', 'web'),
    );
    for (const { row } of this.#planner.backends) Atomics.store(this.shared.health, row, HEALTH.healthy);
    this.moveEpoch();
    this.#runtime = new PlanRuntime(plan, this.#runtime, {
      shared: this.shared,
      own: this.own,
      random: this.#random,
      tls: new TlsContexts(() => {}),
    });
    this.handler.adopt(this.#runtime, this.engine);
    this.#planner.sweep();
  }

  /** Somebody changed the health of a backend. */
  moveEpoch(): void {
    for (const { row } of this.directory.pools) Atomics.add(this.shared.poolEpoch, row, 1);
  }

  /** The name of a row's backend, or `none`. */
  name(row: number): string {
    if (row === NO_ROW) return 'none';
    if (row === WAIT) return 'wait';
    const address = this.#planner.backends.find((each) => each.row === row)?.address;
    return address?.slice('10.0.0.'.length, -':80'.length) ?? `row ${row}`;
  }

  row(name: string): number {
    return this.#planner.backends.find(({ address }) => address === addressOf(name))?.row ?? NO_ROW;
  }

  accept(slot: number): string {
    return this.name(this.handler.onAccept(slot, 0, this.peer));
  }

  fail(slot: number, errno = ECONNREFUSED): string {
    return this.name(this.handler.onConnectFailed(slot, errno));
  }

  /** What rows are called now. */
  get directory(): PlanDirectory {
    return this.#planner.built.directory;
  }

  get allOpen(): number {
    return this.shared.open.reduce((sum, open) => sum + open, 0);
  }
}

function addressOf(name: string): string {
  return `10.0.0.${name}:80`;
}

/** A bench that runs this configuration. */
export function benchOf(config: BenchConfig): HandlerBench {
  const bench = new HandlerBench();
  bench.apply(config);
  return bench;
}
