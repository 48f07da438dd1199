/**
 * Builds a plan from a snapshot: names become rows.
 *
 * Invariants
 *  - a snapshot that can't be run as a whole gives all its violations, and no row changes hands;
 *  - a backend that is not active, or that leads back to a listener (loops.ts), has weight 0;
 *  - arrays as long as the number of backends (rows, weights, tiers, limits, Maglev's tables) lie in shared memory, and are taken over
 *    from the plan before where they would be the same.
 */
import { FIRST_BYTES_TIMEOUT_MS, LOG_ONE_IN } from '../../core/model/defaults.ts';
import { type Listener, refusesWhenNoneHealthy } from '../../core/model/resources.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import { buildCidrTable, cidrEntries, type CidrTable } from '../admission/cidr-table.ts';
import { listenerAdmission } from '../admission/listener-admission.ts';
import { buildHostTables } from '../balancing/host-tables.ts';
import type { AssignedRows, RowAllocator } from '../memory/row-allocator.ts';
import { bindingOf } from './binding.ts';
import { findLoops, type Loops, type Whereabouts } from './loops.ts';
import { NO_POOL, type PlanFirstBytes, type PlanListener, type PlanPool } from './plan.ts';
import {
  type BuiltPlan,
  type DirectoryBackend,
  type DirectoryListener,
  type DirectoryPool,
  takesConnections,
} from './plan-directory.ts';
import { type ReadBackend, type ReadListener, type ReadPool, readSnapshot } from './read-snapshot.ts';

export type PlanResult =
  | { readonly ok: true; readonly built: BuiltPlan }
  | { readonly ok: false; readonly violations: readonly Violation[] };

export interface PlanInputs {
  readonly snapshot: Snapshot;
  /** Of the new plan: above that of every plan built before, aborted ones included. */
  readonly sequence: number;
  readonly rows: Pick<RowAllocator, 'assign' | 'generation'>;
  /** The plan that the workers run now. */
  readonly previous: BuiltPlan | null;
  readonly whereabouts: Whereabouts;
}

/** By list, which is mostly the same object as in the plan before, and can have thousands of networks. */
const proxyNetworks = new WeakMap<readonly string[], CidrTable>();

const directoryBackends = new WeakMap<ReadBackend, DirectoryBackend>();

export function buildPlan({ snapshot, sequence, rows, previous, whereabouts }: PlanInputs): PlanResult {
  const read = readSnapshot(snapshot);
  if (read.violations.length > 0) return { ok: false, violations: read.violations };
  const assigned = rows.assign(sequence, {
    pools: read.pools.map(({ name }) => name),
    backends: read.pools.flatMap(({ backends }) => backends),
    listeners: read.listeners.map(({ address }) => address),
  });
  if (!assigned.ok) return assigned;
  const loops = findLoops(read.pools, read.listeners, whereabouts);
  const pools = directoryPools(read.pools, assigned, rows, loops);
  const before = new Map(previous?.plan.pools.map((pool) => [pool.row, pool]));
  const listeners = directoryListeners(read.listeners, assigned);
  const poolIndex = new Map(pools.map(({ name }, index) => [name, index]));
  return {
    ok: true,
    built: {
      plan: {
        sequence,
        revision: snapshot.position.revision,
        listeners: listeners.map((listener, index) =>
          // `!`: they have the same order.
          planListener(listener, bindingOf(read.listeners[index]!.address), poolIndex),
        ),
        pools: pools.map((pool) => planPool(pool, before.get(pool.row) ?? null)),
      },
      directory: { pools, listeners, ownBackends: loops.own },
    },
  };
}

// `!` in the next two functions: `assign` gives one row for each name, in the same order.
function directoryPools(
  pools: readonly ReadPool[],
  assigned: AssignedRows,
  rows: Pick<RowAllocator, 'generation'>,
  { leadingBack }: Loops,
): DirectoryPool[] {
  let next = 0;
  return pools.map(({ name, policy, proxyProtocol, queue, tls, backends }, index) => ({
    row: assigned.pools[index]!,
    name,
    policy,
    proxyProtocol,
    queue,
    tls,
    backends: backends.map((backend) => {
      const row = assigned.backends[next++]!;
      return directoryBackend(backend, row, rows.generation(row), leadingBack.get(backend) ?? null);
    }),
  }));
}

/** The same object as before when nothing changed: most of a plan is the same as the one before. */
function directoryBackend(
  backend: ReadBackend,
  row: number,
  generation: number,
  leadsBack: string | null,
): DirectoryBackend {
  const before = directoryBackends.get(backend);
  if (before?.row === row && before.generation === generation && before.leadsBack === leadsBack)
    return before;
  const { resource, address, pool } = backend;
  const { weight, state, tier = 0, maxConnections = 0 } = resource;
  const { host, port, canonical } = address;
  const place = { row, generation, pool, address: canonical, host, port };
  const directory = { ...place, weight, tier, maxConnections, state, leadsBack };
  directoryBackends.set(backend, directory);
  return directory;
}

function directoryListeners(listeners: readonly ReadListener[], assigned: AssignedRows): DirectoryListener[] {
  return listeners.map(({ resource, address }, index) => ({
    row: assigned.listeners[index]!,
    name: resource.name,
    address: address.canonical,
    host: address.host,
    port: address.port,
    resource,
  }));
}

function planListener(
  { row, name, address, resource }: DirectoryListener,
  binding: string,
  poolIndex: ReadonlyMap<string, number>,
): PlanListener {
  const pool = poolIndex.get(resource.pool) ?? NO_POOL;
  const firstBytes = planFirstBytes(resource, poolIndex);
  const admission = listenerAdmission(resource);
  return { row, name, address, binding, pool, firstBytes, admission, tls: resource.tls ?? null };
}

function planFirstBytes(
  { acceptProxyProtocol = [], routes = [], tls, firstBytesTimeoutMs = FIRST_BYTES_TIMEOUT_MS }: Listener,
  poolIndex: ReadonlyMap<string, number>,
): PlanFirstBytes | null {
  // The name in it chooses the certificate, too.
  const hello = routes.length > 0 || tls !== undefined;
  if (acceptProxyProtocol.length === 0 && !hello) return null;
  return {
    proxyFrom: acceptProxyProtocol.length > 0 ? networksOf(acceptProxyProtocol) : null,
    hello,
    // `!`: readSnapshot refused routes to unknown pools.
    routes: routes.map((route) => ({ ...route, pool: poolIndex.get(route.pool)! })),
    timeoutMs: firstBytesTimeoutMs,
  };
}

function networksOf(list: readonly string[]): CidrTable {
  const table = proxyNetworks.get(list) ?? buildCidrTable(cidrEntries(list, 0));
  proxyNetworks.set(list, table);
  return table;
}

function planPool(pool: DirectoryPool, before: PlanPool | null): PlanPool {
  const { row, name, policy, proxyProtocol, queue, tls, backends } = pool;
  const same = before !== null && hasSameCandidates(before, backends) ? before : null;
  const shared = same
    ? { rows: same.rows, weights: same.weights, tiers: same.tiers, maxConnections: same.maxConnections }
    : shareCandidates(backends);
  return {
    row,
    name,
    strategy: policy.strategy,
    tls,
    connectTimeoutMs: policy.connect.timeoutMs,
    retries: policy.connect.retries,
    idleMs: policy.timeouts.idleMs,
    halfClosedMs: policy.timeouts.halfClosedMs,
    logOneIn: policy.connectionLog?.oneIn ?? LOG_ONE_IN,
    maxLifetimeMs: policy.maxLifetimeMs ?? 0,
    proxyProtocol: proxyProtocol ?? null,
    alwaysUp: policy.healthCheck.type === 'none',
    refuses: refusesWhenNoneHealthy(policy),
    queue,
    ...shared,
    hosts: policy.strategy === 'source_hash' ? (same?.hosts ?? buildHostTables(backends, shared)) : null,
  };
}

/** Equal rows mean equal addresses: a row that the running plan names does not change hands. */
function hasSameCandidates(before: PlanPool, backends: readonly DirectoryBackend[]): boolean {
  return (
    before.rows.length === backends.length &&
    backends.every(
      (backend, candidate) =>
        before.rows[candidate] === backend.row &&
        before.weights[candidate] === planWeight(backend) &&
        (before.tiers?.[candidate] ?? 0) === backend.tier &&
        (before.maxConnections?.[candidate] ?? 0) === backend.maxConnections,
    )
  );
}

function shareCandidates(
  backends: readonly DirectoryBackend[],
): Pick<PlanPool, 'rows' | 'weights' | 'tiers' | 'maxConnections'> {
  const count = backends.length;
  const hasTiers = backends.some(({ tier }) => tier > 0);
  const hasLimits = backends.some(({ maxConnections }) => maxConnections > 0);
  const memory = new SharedArrayBuffer(count * (hasTiers ? 7 : 6));
  const rows = new Int32Array(memory, 0, count);
  const weights = new Uint16Array(memory, count * 4, count);
  const maxConnections = hasLimits ? new Int32Array(new SharedArrayBuffer(count * 4)) : null;
  const tiers = hasTiers ? new Uint8Array(memory, count * 6, count) : null;
  for (const [candidate, backend] of backends.entries()) {
    rows[candidate] = backend.row;
    weights[candidate] = planWeight(backend);
    if (tiers) tiers[candidate] = backend.tier;
    if (maxConnections) maxConnections[candidate] = backend.maxConnections;
  }
  return { rows, weights, tiers, maxConnections };
}

function planWeight(backend: DirectoryBackend): number {
  return takesConnections(backend) ? backend.weight : 0;
}
