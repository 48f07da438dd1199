/** What a worker does for a plan of 10,000 backends, between two batches of its loop: little, and nothing twice. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serialize } from 'node:v8';
import { STRATEGIES, type Strategy } from '../../../../core/model/resources.ts';
import { TlsContexts } from '../../../../data-plane/tls/tls-contexts.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import type { Plan, PlanPool } from '../../../../data-plane/plan/plan.ts';
import {
  createBuffers,
  HEALTH,
  sharedCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';
import { NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { movedCandidates, PlanRuntime } from '../../../../data-plane/worker/plan-runtime.ts';
import { backend, policy, pool } from '../../../../harness/snapshots.ts';
import { Planner } from '../../../../harness/worker/planner.ts';

const MANY = 10_000;
/** Reads of a plan's rows and weights for each of its backends: to make a plan ready, and for the pick after it. */
const MOST_READS = 8;

const buffers = createBuffers(1);
const [shared, own] = [sharedCells(buffers), workerCells(buffers, 0)];
const surroundings = { shared, own, random: seededRandom(1), tls: new TlsContexts(() => {}) };

/** A second plan, in which one backend has another weight than in the first. */
function twoPlans(strategy: Strategy, count: number): readonly [first: Plan, second: Plan] {
  const planner = new Planner(buffers);
  const build = (weight: number): Plan => {
    const backends = Array.from({ length: count }, (_, index) =>
      backend('web', `10.0.${index >> 8}.${index & 255}:80`, index === 5 ? weight : 1),
    );
    return planner.build(policy('p', { strategy }), pool('web', 'p'), ...backends).plan;
  };
  const plans = [build(1), build(3)] as const;
  shared.health.fill(HEALTH.healthy, 0, count);
  return plans;
}

/** The plan, with its rows and weights counted at each read of one. */
function counted(plan: Plan): { readonly plan: Plan; reads(): number } {
  let reads = 0;
  const watch = <T extends object>(array: T): T =>
    new Proxy(array, {
      get(target, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads += 1;
        // Typed arrays answer for themselves alone, not for a proxy of them.
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const pools = plan.pools.map((each) => ({ ...each, rows: watch(each.rows), weights: watch(each.weights) }));
  return { plan: { ...plan, pools }, reads: () => reads };
}

for (const strategy of STRATEGIES) {
  describe(`a plan of 10,000 backends in a worker, ${strategy}`, () => {
    it('is made ready, and picked from, with a few reads for each backend', () => {
      const [first, second] = twoPlans(strategy, MANY);
      const running = new PlanRuntime(first, null, surroundings);
      const { plan, reads } = counted(second);
      const next = new PlanRuntime(plan, running, surroundings);
      const balancer = next.poolByRow(plan.pools[0]?.row ?? 0)?.balancer;
      assert.notEqual(balancer?.pick({ sourceHash: 1, nowMs: 1 }, new TriedSet()), -1);
      assert.ok(reads() >= MANY, 'they are counted');
      assert.ok(reads() <= MOST_READS * MANY, `${reads() / MANY} for each backend`);
      const before = reads();
      for (let n = 0; n < 100; n++) balancer?.pick({ sourceHash: n, nowMs: 1 }, new TriedSet());
      const wholeLists = (reads() - before) / MANY;
      // Least connections looks at all of them, each time: it has to.
      if (strategy !== 'least_connections') assert.ok(wholeLists < 2, `${wholeLists} in 100 picks`);
    });

    it('is as small a message as one of ten backends: what is long is shared', () => {
      const size = (count: number) => {
        const [plan] = twoPlans(strategy, count);
        const longOnes = plan.pools.flatMap(({ rows, weights, hosts }) => [
          rows,
          weights,
          ...(hosts ? [...hosts.byTier, hosts.ends, hosts.keys] : []),
        ]);
        for (const long of longOnes) assert.ok(long.buffer instanceof SharedArrayBuffer);
        const pools = plan.pools.map(({ rows: _rows, weights: _weights, hosts: _hosts, ...rest }) => rest);
        return serialize({ ...plan, pools }).length;
      };
      assert.equal(size(MANY), size(10));
    });
  });
}

it('says where each candidate of the plan before stands in the next', () => {
  const between = (from: readonly number[], to: readonly number[]) => {
    const pool = (rows: readonly number[]) => ({ rows: Int32Array.from(rows) }) as PlanPool;
    return [...movedCandidates(pool(from), pool(to))];
  };
  assert.deepEqual(between([1, 2], [7, 2, 8]), [NO_BACKEND, 1]);
  assert.deepEqual(between([1, 2], [1, 2]), [0, 1]);
  assert.deepEqual(between([7, 2, 8], [1, 2]), [NO_BACKEND, 1, NO_BACKEND]);
});
