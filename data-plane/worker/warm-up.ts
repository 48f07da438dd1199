/**
 * Prepares and picks from plans that are made up here, before the worker says that it is ready.
 *
 * V8 interprets code before it compiles it: in a cold worker, a plan of 10,000 backends blocked the loop for 6 ms, and
 * its first pick for 6 more; compiled they take 2.5 and 1 (bench/NOTES.md).
 *
 * Invariants
 *  - touches nothing of the worker: memory, randomness and plans are its own;
 *  - every strategy is created, takes over from an earlier plan, and is picked from after its pool's epoch moved.
 */
import { TlsContexts } from '../tls/tls-contexts.ts';
import { STRATEGIES, type Strategy } from '../../core/model/resources.ts';
import { seededRandom } from '../../core/runtime/random.ts';
import { TriedSet } from '../balancing/tried-set.ts';
import type { HostTables } from '../balancing/host-tables.ts';
import type { Plan } from '../plan/plan.ts';
import { HEALTH } from '../memory/shared-memory.ts';
import { PlanRuntime, type PlanSurroundings } from './plan-runtime.ts';

/** Together enough for V8 to compile what is in the loops, and 30 to 60 ms of one CPU. */
const BACKENDS = 500;
const PLANS = 12;
const PICKS = 4;

export function warmUp(): void {
  for (const strategy of STRATEGIES) warmUpStrategy(strategy);
}

function warmUpStrategy(strategy: Strategy): void {
  const surroundings: PlanSurroundings = {
    shared: {
      health: new Int32Array(BACKENDS + 1).fill(HEALTH.healthy),
      rampTenths: new Uint8Array(BACKENDS + 1).fill(5, BACKENDS),
      open: new Int32Array(BACKENDS + 1),
      poolEpoch: new Int32Array(1),
      poolTurn: new Int32Array(1),
    },
    own: { backendOpen: new Int32Array(BACKENDS + 1) },
    random: seededRandom(1),
    tls: new TlsContexts(() => {}),
  };
  const { poolEpoch } = surroundings.shared;
  const tried = new TriedSet();
  let running: PlanRuntime | null = null;
  for (let sequence = 1; sequence <= PLANS; sequence++) {
    running = new PlanRuntime(planOf(strategy, sequence), running, surroundings);
    const balancer = running.poolByRow(0)?.balancer;
    for (let pick = 0; pick < PICKS; pick++) {
      if (pick % 2 === 0) Atomics.add(poolEpoch, 0, 1);
      balancer?.pick({ sourceHash: sequence * PICKS + pick, nowMs: pick }, tried);
    }
  }
}

/** As many hosts as backends, each with the entry of its number: what host-tables.ts builds takes too long for here. */
function hostsOf(tiers: Uint8Array | null): HostTables {
  const numbers = Uint32Array.from({ length: BACKENDS }, (_, candidate) => candidate);
  return {
    byTier: [numbers, numbers],
    tiers,
    ends: numbers.map((candidate) => candidate + 1),
    keys: numbers,
  };
}

/** Each plan changes a weight, and every other one the rows and the use of tiers too, as when a backend comes or goes. */
function planOf(strategy: Strategy, sequence: number): Plan {
  const firstRow = (sequence >> 1) & 1;
  const rows = new Int32Array(BACKENDS);
  const weights = new Uint16Array(BACKENDS);
  const tiers = firstRow === 0 ? null : new Uint8Array(BACKENDS).fill(1, BACKENDS / 2);
  for (let candidate = 0; candidate < BACKENDS; candidate++) {
    rows[candidate] = firstRow + candidate;
    weights[candidate] = candidate === sequence ? 7 : 1;
  }
  const pool = {
    row: 0,
    name: 'warm-up',
    strategy,
    connectTimeoutMs: 1_000,
    retries: 0,
    idleMs: 0,
    halfClosedMs: 0,
    maxLifetimeMs: 0,
    proxyProtocol: null,
    alwaysUp: false,
    refuses: false,
    logOneIn: 0,
    rows,
    weights,
    tiers,
    maxConnections: null,
    queue: null,
    tls: null,
    hosts: strategy === 'source_hash' ? hostsOf(tiers) : null,
  };
  return { sequence, revision: 0, listeners: [], pools: [pool] };
}
