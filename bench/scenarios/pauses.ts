/** The longest that a worker's loop stands still for a plan of 10,000 backends: nothing else of it runs meanwhile. */
import { TlsContexts } from '../../data-plane/tls/tls-contexts.ts';
import { seededRandom } from '../../core/runtime/random.ts';
import { type Strategy, STRATEGIES } from '../../core/model/resources.ts';
import { buildPlan } from '../../data-plane/plan/build-plan.ts';
import type { BuiltPlan } from '../../data-plane/plan/plan-directory.ts';
import { RowAllocator } from '../../data-plane/memory/row-allocator.ts';
import { createBuffers, HEALTH, sharedCells, workerCells } from '../../data-plane/memory/shared-memory.ts';
import { PlanRuntime } from '../../data-plane/worker/plan-runtime.ts';
import { warmUp } from '../../data-plane/worker/warm-up.ts';
import { TriedSet } from '../../data-plane/balancing/tried-set.ts';
import { backend, policy, pool, snapshot } from '../../harness/snapshots.ts';
import { threadCpuClock } from '../measure/thread-cpu.ts';
import { figure } from '../report/table.ts';
import type { Scenario } from '../scenario.ts';

const BACKENDS = 10_000;
const ROUNDS = 8;

export const pauses: Scenario = async (_scope, { options, progress }) => {
  progress('pauses');
  // As a worker does before it is ready.
  warmUp();
  const longest = new Map<Strategy, number>();
  const ours = Array.from({ length: options.pairs }, () => {
    const each = STRATEGIES.map((strategy) => [strategy, longestPauseMs(strategy)] as const);
    for (const [strategy, ms] of each) longest.set(strategy, Math.max(ms, longest.get(strategy) ?? 0));
    return Math.max(...each.map(([, ms]) => ms));
  });
  const byStrategy = [...longest].map(([strategy, ms]) => `${strategy} ${figure(ms)}`).join(', ');
  return {
    rows: [
      {
        what: 'longest pause of a worker, a plan of 10,000 backends',
        unit: 'ms',
        ours,
        theirs: [],
        bar: { kind: 'value_at_most', value: 5 },
      },
    ],
    notes: [`pauses: longest of all rounds, ms: ${byStrategy}`],
  };
};

/** Another weight in each round, as a change brings it; then a pick, which finds all health to be read again. */
function longestPauseMs(strategy: Strategy): number {
  const buffers = createBuffers(1);
  const [shared, own] = [sharedCells(buffers), workerCells(buffers, 0)];
  const rows = new RowAllocator(buffers);
  const surroundings = { shared, own, random: seededRandom(1), tls: new TlsContexts(() => {}) };
  const tried = new TriedSet();
  const threadCpuMs = threadCpuClock();
  let built: BuiltPlan | null = null;
  let running: PlanRuntime | null = null;
  let longestMs = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    built = planOf(strategy, round, rows, built);
    const plan = built.plan;
    shared.health.fill(HEALTH.healthy, 0, BACKENDS);
    const startedMs = threadCpuMs();
    const next = new PlanRuntime(plan, running, surroundings);
    const preparedMs = threadCpuMs();
    next.poolByRow(plan.pools[0]?.row ?? 0)?.balancer.pick({ sourceHash: round, nowMs: round }, tried);
    const pickedMs = threadCpuMs();
    running = next;
    // The first is before any traffic.
    if (round > 1) longestMs = Math.max(longestMs, preparedMs - startedMs, pickedMs - preparedMs);
  }
  return longestMs;
}

function planOf(
  strategy: Strategy,
  round: number,
  rows: RowAllocator,
  previous: BuiltPlan | null,
): BuiltPlan {
  const backends = Array.from({ length: BACKENDS }, (_, index) =>
    backend('web', `10.0.${index >> 8}.${index & 255}:80`, index === round ? 7 : 1),
  );
  const result = buildPlan({
    snapshot: snapshot(round, policy('p', { strategy }), pool('web', 'p'), ...backends),
    sequence: round,
    rows,
    previous,
    whereabouts: { isOwn: () => false, fleet: new Set(), unbound: new Set() },
  });
  if (!result.ok) throw new Error('no plan');
  return result.built;
}
