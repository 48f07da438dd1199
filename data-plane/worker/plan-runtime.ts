/**
 * A plan, ready to run in one worker: a balancer for each pool, found by listener or by row.
 *
 * Invariants
 *  - complete before the worker swaps to it, and not changed by the swap;
 *  - a pool that did not change keeps its balancer; one of the same strategy hands its state on;
 *  - holds no reference to the previous plan, so that a long-lived connection keeps no old plan alive.
 */
import type { Random } from '../../core/runtime/random.ts';
import { type Balancer, NO_BACKEND } from '../balancing/balancer.ts';
import { PoolCandidates } from './pool-candidates.ts';
import { BALANCERS } from '../balancing/registry.ts';
import type { ListenerAdmission } from '../admission/listener-admission.ts';
import type { CidrTable } from '../admission/cidr-table.ts';
import type { ConnectionTimeouts, FirstBytesWanted } from '../engine/engine.ts';
import { RouteTable } from '../first-bytes/route-table.ts';
import type { Plan, PlanFirstBytes, PlanPool } from '../plan/plan.ts';
import type { Initiation, Termination, TlsContexts } from '../tls/tls-contexts.ts';
import { MAX_BACKENDS, type SharedCells, type WorkerCells } from '../memory/shared-memory.ts';

/** What plans need of the worker that they run in. */
export interface PlanSurroundings {
  readonly shared: Pick<SharedCells, 'health' | 'rampTenths' | 'open' | 'poolEpoch' | 'poolTurn'>;
  readonly own: Pick<WorkerCells, 'backendOpen'>;
  readonly random: Random;
  readonly tls: TlsContexts;
}

export interface PoolRuntime {
  readonly pool: PlanPool;
  readonly candidates: PoolCandidates;
  readonly balancer: Balancer;
  readonly timeouts: ConnectionTimeouts;
  /** How TLS to its backends begins; null: plain TCP. */
  readonly tls: Initiation | null;
}

export interface ListenerRuntime {
  /** Null: only routes lead to pools. */
  readonly pool: PoolRuntime | null;
  /** Null: a backend is chosen without looking at the client's first bytes. */
  readonly firstBytes: FirstBytesRuntime | null;
  /** Null: everybody may connect. */
  readonly admission: ListenerAdmission | null;
  /** How it terminates TLS; null: it does not. */
  readonly termination: Termination | null;
}

export interface FirstBytesRuntime {
  readonly proxyFrom: CidrTable | null;
  readonly header: FirstBytesWanted;
  /** Null: it decides nothing. */
  readonly hello: FirstBytesWanted | null;
  readonly routes: RouteTable;
  /** By the number of a route's pool. */
  readonly pools: readonly PoolRuntime[];
}

export class PlanRuntime {
  readonly sequence: number;
  /** By listener row. */
  readonly #listeners = new Map<number, ListenerRuntime>();
  readonly #poolByRow = new Map<number, PoolRuntime>();
  /** By backend row; a row belongs to one pool. */
  readonly #candidateOfRow = new Int32Array(MAX_BACKENDS).fill(NO_BACKEND);

  constructor(plan: Plan, previous: PlanRuntime | null, surroundings: PlanSurroundings) {
    this.sequence = plan.sequence;
    const pools = plan.pools.map((pool) =>
      poolRuntime(pool, plan.sequence, previous?.poolByRow(pool.row) ?? null, surroundings),
    );
    for (const runtime of pools) {
      this.#poolByRow.set(runtime.pool.row, runtime);
      const { rows } = runtime.pool;
      // `!`: below the length. A plain loop: plans with 10,000 backends are prepared between two batches.
      for (let candidate = 0; candidate < rows.length; candidate++) {
        this.#candidateOfRow[rows[candidate]!] = candidate;
      }
    }
    for (const listener of plan.listeners) {
      const firstBytes = listener.firstBytes && firstBytesRuntime(listener.firstBytes, pools);
      const pool = pools[listener.pool] ?? null;
      const { name, tls } = listener;
      this.#listeners.set(listener.row, {
        pool,
        firstBytes,
        admission: listener.admission,
        termination: tls && surroundings.tls.termination(name, tls, plan.sequence),
      });
    }
  }

  get pools(): Iterable<PoolRuntime> {
    return this.#poolByRow.values();
  }

  listener(row: number): ListenerRuntime | null {
    return this.#listeners.get(row) ?? null;
  }

  poolByRow(row: number): PoolRuntime | null {
    return this.#poolByRow.get(row) ?? null;
  }

  /** The candidate number of a backend's row in its pool, or NO_BACKEND when this plan doesn't name it. */
  candidateOfRow(row: number): number {
    return this.#candidateOfRow[row] ?? NO_BACKEND;
  }
}

/** Where a hello leads at a listener: by its routes, or to its own pool. Null: nowhere. */
export function routed(
  { pool, firstBytes }: ListenerRuntime,
  { serverName, alpn }: { readonly serverName: string | null; readonly alpn: readonly string[] },
): PoolRuntime | null {
  if (firstBytes === null) return pool;
  return firstBytes.pools[firstBytes.routes.find(serverName, alpn)] ?? pool;
}

function firstBytesRuntime(
  { proxyFrom, hello, routes, timeoutMs }: PlanFirstBytes,
  pools: readonly PoolRuntime[],
): FirstBytesRuntime {
  return {
    pools,
    proxyFrom,
    header: { proxyHeader: true, hello: false, timeoutMs },
    hello: hello ? { proxyHeader: false, hello: true, timeoutMs } : null,
    routes: new RouteTable(routes),
  };
}

function poolRuntime(
  pool: PlanPool,
  sequence: number,
  before: PoolRuntime | null,
  surroundings: PlanSurroundings,
): PoolRuntime {
  const { shared, own, random } = surroundings;
  const tls = pool.tls && surroundings.tls.initiation(pool.name, pool.tls, sequence);
  const timeouts = {
    connectMs: pool.connectTimeoutMs,
    idleMs: pool.idleMs,
    halfClosedMs: pool.halfClosedMs,
    lifetimeMs: pool.maxLifetimeMs,
  };
  if (before && isBalancedAlike(before.pool, pool)) return { ...before, pool, timeouts, tls };
  const candidates = new PoolCandidates(pool, shared, own);
  const inherits = before !== null && before.pool.strategy === pool.strategy;
  const balancer = BALANCERS[pool.strategy]({
    candidates,
    random,
    turn: shared.poolTurn.subarray(pool.row, pool.row + 1),
    hosts: pool.hosts,
    previous: inherits ? { balancer: before.balancer, moved: movedCandidates(before.pool, pool) } : null,
  });
  return { pool, candidates, balancer, timeouts, tls };
}

/** Maglev's tables are a function of the rows' addresses, weights and tiers, so they need no comparison. */
function isBalancedAlike(a: PlanPool, b: PlanPool): boolean {
  return (
    a.strategy === b.strategy &&
    a.alwaysUp === b.alwaysUp &&
    a.refuses === b.refuses &&
    isSameArray(a.rows, b.rows) &&
    isSameArray(a.weights, b.weights) &&
    isSameArray(a.tiers ?? NONE, b.tiers ?? NONE) &&
    isSameArray(a.maxConnections ?? NONE, b.maxConnections ?? NONE)
  );
}

/** The new numbers of a pool's candidates, by their old ones: `previous.moved` of its balancer. O(n). */
export function movedCandidates(from: PlanPool, to: PlanPool): Int32Array {
  // Plain loops: this runs between two batches, and callbacks cost ten times as much.
  const moved = new Int32Array(from.rows.length);
  if (isSameArray(from.rows, to.rows)) {
    for (let candidate = 0; candidate < moved.length; candidate++) moved[candidate] = candidate;
    return moved;
  }
  const candidateOf = new Map<number, number>();
  for (let candidate = 0; candidate < to.rows.length; candidate++) {
    candidateOf.set(to.rows[candidate]!, candidate); // `!`: below the length, here and there.
  }
  for (let candidate = 0; candidate < moved.length; candidate++) {
    moved[candidate] = candidateOf.get(from.rows[candidate]!) ?? NO_BACKEND;
  }
  return moved;
}

const NONE = new Uint8Array();

/** Whether two arrays hold the same numbers. */
function isSameArray(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
