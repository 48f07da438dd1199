/**
 * How many connections may be open. Computed again with every plan: its sockets take descriptors, its backends take memory,
 * and its listeners have shares.
 */
import type { DataPathOptions } from './data-path.ts';
import {
  checksAtOnce,
  type ConnectionLimit,
  connectionLimit,
  descriptorBound,
  listenerShare,
  otherDescriptors,
} from './host/connection-limit.ts';
import { memoryBoundHere, type MemoryUser } from './host/memory-bound.ts';
import { CONTROL, MAX_PIPES, type SharedCells } from './memory/shared-memory.ts';
import { portsOf, readBinding } from './plan/binding.ts';
import type { Plan } from './plan/plan.ts';
import { limitProblem } from './proxy-events.ts';

type LimitOptions = Pick<DataPathOptions, 'engine' | 'workers' | 'splice' | 'maxConnections' | 'logger'>;

export class ConnectionLimits {
  readonly #options: LimitOptions;
  readonly descriptors: number;
  readonly #shared: SharedCells;
  #current: ConnectionLimit;
  #problemBefore: string | undefined;
  /** How many ports each binding has that is listened on. */
  #listening: ReadonlyMap<string, number> = new Map();
  /** Backends that may be checked. */
  #backends = 0;
  #tls: MemoryUser['tls'] = { listeners: false, pools: false };
  /** Rows of the listeners of the plan that runs. */
  #listenerRows: ReadonlySet<number> = new Set();

  constructor(options: LimitOptions, descriptors: number, shared: SharedCells) {
    this.#options = options;
    this.descriptors = descriptors;
    this.#shared = shared;
    this.#current = this.compute();
  }

  get current(): ConnectionLimit {
    return this.#current;
  }

  /** A plan is about to run: its sockets are opened before those of the plan before are closed. */
  adding(plan: Plan): void {
    this.#problemBefore = limitProblem(this.#current)?.message;
    this.#listening = new Map([...this.#listening, ...portsIn(plan)]);
    this.#backends = Math.max(this.#backends, backendsOf(plan));
    const { listeners, pools } = tlsOf(plan);
    this.#tls = { listeners: listeners || this.#tls.listeners, pools: pools || this.#tls.pools };
    this.compute();
  }

  /** A plan runs, and no other. */
  runs(plan: Plan): void {
    this.#listening = new Map(portsIn(plan));
    this.#backends = backendsOf(plan);
    this.#tls = tlsOf(plan);
    this.#listenerRows = new Set(plan.listeners.map(({ row }) => row));
    const problem = limitProblem(this.compute());
    // The listeners of a plan take descriptors too.
    if (problem && problem.message !== this.#problemBefore) this.#options.logger.warn(problem.message);
  }

  compute(): ConnectionLimit {
    const { engine, maxConnections, splice, workers } = this.#options;
    const others = otherDescriptors({
      engine,
      workers,
      ports: [...this.#listening.values()].reduce((sum, count) => sum + count, 0),
      pipes: splice && engine === 'epoll' ? MAX_PIPES : 0,
      healthChecks: Math.min(this.#backends, checksAtOnce(this.descriptors)),
    });
    const limit = connectionLimit({
      descriptors: descriptorBound(this.descriptors, others),
      memory: memoryBoundHere({ engine, workers, tls: this.#tls }),
      flag: maxConnections || Number.POSITIVE_INFINITY,
    });
    const { control, listenerShare: shares } = this.#shared;
    Atomics.store(control, CONTROL.maxConnections, limit.connections);
    const share = listenerShare(limit.connections, this.#listenerRows.size);
    for (const row of shares.keys()) Atomics.store(shares, row, this.#listenerRows.has(row) ? share : 0);
    Atomics.store(control, CONTROL.shares, share * this.#listenerRows.size);
    this.#current = limit;
    return limit;
  }
}

function portsIn({ listeners }: Plan): readonly (readonly [string, number])[] {
  return listeners.map(({ binding }) => [binding, portsOf(readBinding(binding))]);
}

function backendsOf({ pools }: Plan): number {
  return pools.reduce((sum, { rows }) => sum + rows.length, 0);
}

function tlsOf({ listeners, pools }: Plan): MemoryUser['tls'] {
  return {
    listeners: listeners.some(({ tls }) => tls !== null),
    pools: pools.some(({ tls }) => tls !== null),
  };
}
