/** Workers, sockets and plans of a proxy, without its control plane: what carries the traffic, for tests. */
import type { Socket } from 'node:net';
import { freePort } from '../free-port.ts';
import type { Resource } from '../../core/model/resources.ts';
import { systemClock } from '../../core/runtime/clock.ts';
import { seededRandom } from '../../core/runtime/random.ts';
import type { Engine } from '../../data-plane/engine/engine.ts';
import { loadLibc } from '../../data-plane/kernel/libc.ts';
import type { BuiltPlan, FailedListener } from '../../data-plane/plan/plan-directory.ts';
import {
  CONTROL,
  createBuffers,
  HEALTH,
  type SharedCells,
  sharedCells,
  type WorkerCells,
  workerCells,
} from '../../data-plane/memory/shared-memory.ts';
import { ListeningSockets } from '../../data-plane/worker/pool/listening-sockets.ts';
import { PlanApplier } from '../../data-plane/worker/pool/plan-applier.ts';
import { threadsOf } from '../../data-plane/worker/pool/start-thread.ts';
import type { ToWorker } from '../../data-plane/worker/protocol.ts';
import type { Thread } from '../../data-plane/worker/pool/worker-handle.ts';
import { WorkerPool } from '../../data-plane/worker/pool/worker-pool.ts';
import { dial, startEcho, type TcpServer } from '../engine/tcp.ts';
import { backend, listener, pool } from '../snapshots.ts';
import { Planner } from './planner.ts';
import type { Hold, Sabotage } from './traffic-thread.ts';

const startThread = threadsOf(new URL('./traffic-thread.js', import.meta.url));

export interface RigOptions {
  readonly engine?: Engine['name'];
  readonly workers?: number;
  readonly withoutLibc?: boolean;
  readonly maxConnections?: number;
  readonly sourceAddresses?: readonly string[];
  readonly shareListeners?: boolean;
}

export class TrafficRig {
  readonly pool: WorkerPool;
  readonly applier: PlanApplier;
  readonly shared: SharedCells;
  readonly workers: readonly WorkerCells[];
  /** The thread at each place, the newest. */
  readonly threads: Thread[] = [];
  /** Workers whose thread can't be started. */
  readonly keptAway = new Set<number>();
  /** Events as lines, in the order they came. */
  readonly events: string[] = [];
  /** What onListenersChanged told last. */
  failed: readonly FailedListener[] | null = null;
  readonly #planner: Planner;

  constructor({
    engine = 'epoll',
    workers = 2,
    withoutLibc = false,
    maxConnections = 0,
    sourceAddresses = [],
    shareListeners = false,
  }: RigOptions = {}) {
    const buffers = createBuffers(workers);
    const random = seededRandom(1);
    this.shared = sharedCells(buffers);
    this.workers = Array.from({ length: workers }, (_, index) => workerCells(buffers, index));
    Atomics.store(this.shared.control, CONTROL.maxConnections, maxConnections);
    this.#planner = new Planner(buffers);
    const { libc } = loadLibc();
    this.pool = new WorkerPool({
      engine,
      libc,
      buffers,
      sourceAddresses,
      splice: false,
      parkingBytes: 8 * 1024 * 1024,
      clock: systemClock,
      random,
      events: {
        onEjected: (row, _generation, reason) => this.events.push(`ejected ${this.nameOf(row)}: ${reason}`),
        onSaturated: (_worker, on) => this.events.push(`saturated ${on}`),
        onLog: (worker, { level, message }) => this.events.push(`log ${worker} ${level} ${message}`),
        onLost: (worker, why, connections) => this.events.push(`lost ${worker} ${connections}: ${why}`),
      },
      startThread: (start, events) => {
        if (this.keptAway.has(start.index)) throw new Error('kept away, as the test asked');
        const thread = startThread(start, events);
        this.threads[start.index] = thread;
        return thread;
      },
    });
    const sockets =
      libc && !withoutLibc
        ? new ListeningSockets({
            libc,
            workerCount: workers,
            maxSockets: 1_000,
            shareListeners,
            movesClients: () => false,
          })
        : null;
    this.applier = new PlanApplier({
      pool: this.pool,
      sockets,
      clock: systemClock,
      obstacle: () => null,
      onGap: (from, to) => this.events.push(`gap ${from} ${to}`),
      onListenersChanged: (failed) => {
        this.failed = failed;
      },
    });
  }

  static async start(options: RigOptions = {}): Promise<TrafficRig> {
    const rig = new TrafficRig(options);
    await rig.pool.start();
    return rig;
  }

  /** Applies a configuration. Backends new in it count as healthy at once, unless `areUp` is false. */
  async apply(resources: readonly Resource[], areUp = true): Promise<readonly FailedListener[]> {
    const { plan, directory } = this.#planner.build(...resources);
    for (const { row, backends } of directory.pools) {
      for (const each of areUp ? backends : []) {
        Atomics.compareExchange(this.shared.health, each.row, HEALTH.unknown, HEALTH.healthy);
      }
      Atomics.add(this.shared.poolEpoch, row, 1);
    }
    const { failedListeners } = await this.applier.apply(plan);
    await this.applier.listen(() => true);
    this.#planner.sweep();
    return failedListeners;
  }

  /** The plan that was applied last, with names. */
  get built(): BuiltPlan {
    return this.#planner.built;
  }

  rowOf(address: string): number {
    return this.#planner.backend(address).row;
  }

  nameOf(row: number): string {
    return this.#planner.backends.find((each) => each.row === row)?.address ?? `row ${row}`;
  }

  /** Makes a worker do what it never would by itself. */
  sabotage(worker: number, how: Sabotage): void {
    // Understood by traffic-thread.ts alone.
    this.threads[worker]?.post({ type: how } as unknown as ToWorker);
  }

  /** Keeps a worker busy until what it returns is called. */
  hold(worker: number): () => void {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const hold: Hold = { type: 'hold', gate };
    this.threads[worker]?.post(hold as unknown as ToWorker);
    return () => {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    };
  }

  openAt(address: string): number {
    return Atomics.load(this.shared.open, this.rowOf(address));
  }

  get connections(): number {
    return Atomics.load(this.shared.control, CONTROL.connections);
  }

  async stop(): Promise<void> {
    await this.applier.stopAccepting();
    await this.pool.stop(0);
  }
}

/** Rigs, servers and clients of one test, cleared away after it. */
export class Scene {
  readonly #cleanups: (() => unknown)[] = [];

  /** Clears away, the last one first. */
  async clear(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }

  onClear(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  async rig(options: RigOptions = {}): Promise<TrafficRig> {
    const rig = await TrafficRig.start(options);
    this.onClear(() => rig.stop());
    return rig;
  }

  /** A rig with the pool `web` behind a listener. */
  async webRig(
    addresses: readonly string[],
    options: RigOptions = {},
  ): Promise<{ rig: TrafficRig; port: number }> {
    const rig = await this.rig(options);
    const port = await freePort();
    await rig.apply([pool('web'), ...addresses.map((address) => backend('web', address)), web(port)]);
    return { rig, port };
  }

  async echo(name: string, port = 0): Promise<TcpServer> {
    const server = await startEcho(name, port);
    this.onClear(() => server.stop());
    return server;
  }

  async client(port: number): Promise<Socket> {
    const socket = await dial(port);
    this.onClear(() => socket.destroy());
    return socket;
  }
}

/** The listener `web` on a port of loopback. */
export function web(port: number): Resource {
  return listener('web', `127.0.0.1:${port}`, 'web');
}
