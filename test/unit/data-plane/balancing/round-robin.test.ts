import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { type Balancer, NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { RoundRobin } from '../../../../data-plane/balancing/round-robin.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { FakeCandidates } from '../../../../harness/worker/fake-candidates.ts';

const flow = { sourceHash: 0, nowMs: 0 };
const nothing = new TriedSet();

function create(
  candidates: FakeCandidates,
  worker = { index: 0, count: 1 },
  previous: { balancer: Balancer; moved: Int32Array } | null = null,
): Balancer {
  return new RoundRobin({ candidates, random: seededRandom(1), worker, table: null, previous });
}

function sequence(balancer: Balancer, picks: number): number[] {
  return Array.from({ length: picks }, () => balancer.pick(flow, nothing));
}

function timesEach(picks: readonly number[], count: number): number[] {
  return Array.from(
    { length: count },
    (_, candidate) => picks.filter((picked) => picked === candidate).length,
  );
}

const someWeights = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 });

describe('round_robin', () => {
  it('spells out its order', () => {
    for (const [weights, order] of [
      [[1, 1, 1], '012012'],
      [[2, 1], '001001'],
      [[5, 1, 1], '00010020001002'],
      [[0, 1, 0, 2], '133133'],
    ] as const) {
      const picks = sequence(create(new FakeCandidates(weights)), order.length);
      assert.equal(picks.join(''), order, `weights ${weights.join(' ')}`);
    }
  });

  it('gives exact shares over any W picks in a row, from any worker', () => {
    fc.assert(
      fc.property(someWeights, fc.nat(60), fc.nat(3), (weights, skip, index) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const balancer = create(new FakeCandidates(weights), { index, count: 4 });
        sequence(balancer, skip);
        const expected = total === 0 ? weights.map(() => 0) : weights;
        assert.deepEqual(timesEach(sequence(balancer, total), weights.length), expected);
      }),
    );
  });

  it('is smooth: between two picks of a candidate lie few of any other', () => {
    fc.assert(
      fc.property(someWeights, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const picks = sequence(create(new FakeCandidates(weights)), 3 * total);
        for (const [candidate, weight] of weights.entries()) {
          const turns = picks.flatMap((picked, at) => (picked === candidate ? [at] : []));
          for (const [n, at] of turns.entries()) {
            const next = turns[n + 1] ?? at;
            // A gap is 1 / weight of a cycle long: the others' turns in it, and one more where turns coincide.
            const most = weights.reduce((sum, other) => sum + Math.floor(other / weight) + 1, 0);
            assert.ok(next - at <= most);
          }
        }
      }),
    );
  });

  it('starts each worker at its own candidate', () => {
    const starts = [0, 1, 2, 3].map(
      (index) => sequence(create(new FakeCandidates([1, 1, 1, 1]), { index, count: 4 }), 1)[0],
    );
    assert.deepEqual(new Set(starts), new Set([0, 1, 2, 3]));
  });

  it('goes on where it was after a plan swap that changes nothing', () => {
    fc.assert(
      fc.property(someWeights, fc.array(fc.nat(9), { maxLength: 12 }), (weights, swaps) => {
        const expected = create(new FakeCandidates(weights));
        let balancer = create(new FakeCandidates(weights));
        for (const picks of swaps) {
          assert.deepEqual(sequence(balancer, picks), sequence(expected, picks));
          const moved = Int32Array.from(weights, (_, candidate) => candidate);
          balancer = create(new FakeCandidates(weights), undefined, { balancer, moved });
        }
      }),
    );
  });

  it('does not start over when candidates come and go at every pick', () => {
    let candidates = new FakeCandidates([1, 1, 1, 1]);
    let balancer = create(candidates);
    const picks: number[] = [];
    for (let swap = 0; swap < 400; swap++) {
      picks.push(...sequence(balancer, 1));
      const grows = candidates.count === 4;
      candidates = new FakeCandidates(grows ? [1, 1, 1, 1, 1] : [1, 1, 1, 1]);
      const moved = Int32Array.from(grows ? [0, 1, 2, 3] : [0, 1, 2, 3, NO_BACKEND]);
      balancer = create(candidates, undefined, { balancer, moved });
    }
    const times = timesEach(picks, 4);
    assert.ok(Math.max(...times) - Math.min(...times) <= 1, times.join(' '));
  });

  it('goes on evenly when a candidate leaves, and gives it no saved turns when it comes back', () => {
    const candidates = new FakeCandidates([1, 1, 1]);
    const balancer = create(candidates);
    sequence(balancer, 1);
    candidates.set(false, 1);
    assert.deepEqual(timesEach(sequence(balancer, 100), 3), [50, 0, 50]);
    candidates.set(true, 1);
    assert.deepEqual(timesEach(sequence(balancer, 3), 3), [1, 1, 1]);
  });

  it('keeps the turn of a candidate that was skipped as tried', () => {
    const balancer = create(new FakeCandidates([1, 1, 1]));
    const tried = new TriedSet();
    tried.add(0);
    assert.equal(balancer.pick(flow, tried), 1);
    assert.deepEqual(sequence(balancer, 3), [0, 2, 0]);
  });
});
