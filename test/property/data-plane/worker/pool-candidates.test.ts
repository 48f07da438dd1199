import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  createBuffers,
  HEALTH,
  sharedCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';
import type { PlanPool } from '../../../../data-plane/plan/plan.ts';
import { PoolCandidates } from '../../../../data-plane/worker/pool-candidates.ts';
import { FakeCandidates } from '../../../../harness/worker/fake-candidates.ts';

const COUNT = 6;
const each = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: COUNT, maxLength: COUNT });
const change = fc.record({
  candidate: fc.nat(COUNT - 1),
  health: fc.constantFrom(...Object.values(HEALTH)),
  tenths: fc.nat(9),
});

describe('candidates of a pool', () => {
  it('agree with a naive model of tiers, refusal and slow starts, whatever happens to health', () => {
    const buffers = createBuffers(1);
    const [shared, own] = [sharedCells(buffers), workerCells(buffers, 0)];
    fc.assert(
      fc.property(
        each(fc.integer({ min: 0, max: 1_000 })),
        each(fc.nat(3)),
        fc.boolean(),
        fc.array(change, { maxLength: 40 }),
        (weights, tiers, refuses, changes) => {
          shared.health.fill(HEALTH.unknown, 0, COUNT);
          shared.rampTenths.fill(0, 0, COUNT);
          const naive = new FakeCandidates(weights, { tiers, refuses });
          naive.set(false, ...weights.keys());
          const candidates = new PoolCandidates(
            {
              row: 0,
              alwaysUp: false,
              refuses,
              rows: Int32Array.from(weights.keys()),
              weights: Uint16Array.from(weights),
              tiers: Uint8Array.from(tiers),
              maxConnections: null,
            } as unknown as PlanPool,
            shared,
            own,
          );
          for (const { candidate, health, tenths } of changes) {
            // Only what is up starts slowly.
            const ramp = health === HEALTH.healthy ? tenths : 0;
            shared.health[candidate] = health;
            shared.rampTenths[candidate] = ramp;
            Atomics.add(shared.poolEpoch, 0, 1);
            naive.set(health === HEALTH.healthy, candidate);
            naive.ramp(candidate, ramp || 10);
            const serving = (of: PoolCandidates | FakeCandidates) =>
              [...weights.keys()].filter((n) => of.eligible(n)).map((n) => [n, of.weight(n)] as const);
            const [actual, expected] = [serving(candidates), serving(naive)];
            const sum = (of: typeof actual) => of.reduce((total, [, weight]) => total + weight, 0);
            assert.deepEqual(
              actual.map(([n, weight]) => [n, weight * sum(expected)]),
              expected.map(([n, weight]) => [n, weight * sum(actual)]),
            );
          }
        },
      ),
    );
  });
});
