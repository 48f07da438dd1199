import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { randomBelow, seededRandom } from '../../../../core/runtime/random.ts';
import { type Balancer, NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { RoundRobin } from '../../../../data-plane/balancing/round-robin.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { FakeCandidates } from '../../../../harness/worker/fake-candidates.ts';

const flow = { sourceHash: 0, nowMs: 0 };
const nothing = new TriedSet();

/** Balancers of one pool share a turn, whether they are those of several workers or of one plan after the other. */
function create(candidates: FakeCandidates, turn = new Int32Array(1)): Balancer {
  return new RoundRobin({ candidates, random: seededRandom(1), turn, hosts: null, previous: null });
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
      [[0, 1, 0, 2], '331331'],
    ] as const) {
      const picks = sequence(create(new FakeCandidates(weights)), order.length);
      assert.equal(picks.join(''), order, `weights ${weights.join(' ')}`);
    }
  });

  it('gives exact shares over any W picks in a row, over all workers together', () => {
    fc.assert(
      fc.property(someWeights, fc.nat(60), fc.infiniteStream(fc.nat(3)), (weights, skip, which) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const turn = new Int32Array(1);
        const workers = [0, 1, 2, 3].map(() => create(new FakeCandidates(weights), turn));
        const next = () => workers[which.next().value ?? 0]?.pick(flow, nothing) ?? NO_BACKEND;
        for (let pick = 0; pick < skip; pick++) next();
        const expected = total === 0 ? weights.map(() => 0) : weights;
        assert.deepEqual(timesEach(Array.from({ length: total }, next), weights.length), expected);
      }),
    );
  });

  it('gives exact shares with the largest weights, and between thousands of backends', () => {
    const random = seededRandom(3);
    for (const [count, most] of [
      [40, 10_000],
      [10_000, 30],
      [4_000, 1],
    ] as const) {
      const weights = Array.from({ length: count }, () => 1 + randomBelow(random, most));
      const balancer = create(new FakeCandidates(weights), Int32Array.of(-2));
      const times = weights.map(() => 0);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let pick = 0; pick < total; pick++) times[balancer.pick(flow, nothing)]! += 1;
      assert.deepEqual(times, weights);
    }
  });

  it('is smooth: from one pick of a candidate to the next it is at most three times as far as on average', () => {
    fc.assert(
      fc.property(someWeights, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const picks = sequence(create(new FakeCandidates(weights)), 3 * total);
        for (const [candidate, weight] of weights.entries()) {
          const turns = picks.flatMap((picked, at) => (picked === candidate ? [at] : []));
          for (const [n, at] of turns.entries()) {
            const next = turns[n + 1] ?? at;
            assert.ok(next - at <= (3 * total) / weight, `${weights.join(' ')}: ${picks.join(' ')}`);
          }
        }
      }),
    );
  });

  it('goes on where it was after a plan swap that changes nothing', () => {
    fc.assert(
      fc.property(someWeights, fc.array(fc.nat(9), { maxLength: 12 }), (weights, swaps) => {
        const expected = create(new FakeCandidates(weights));
        const turn = new Int32Array(1);
        for (const picks of swaps) {
          const balancer = create(new FakeCandidates(weights), turn);
          assert.deepEqual(sequence(balancer, picks), sequence(expected, picks));
        }
      }),
    );
  });

  it('does not start over when candidates come and go at every pick', () => {
    const turn = new Int32Array(1);
    const picks: number[] = [];
    const balancers = [
      [1, 1, 1, 1],
      [1, 1, 1, 1, 1],
    ].map((weights) => create(new FakeCandidates(weights), turn));
    for (let swap = 0; swap < 400; swap++) picks.push(...sequence(balancers[swap % 2]!, 1));
    const times = timesEach(picks, 5);
    for (const [candidate, all] of [90, 90, 90, 90, 40].entries()) {
      assert.ok(Math.abs(times[candidate]! - all) <= 20, times.join(' '));
    }
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

  it('lets the next ones have the turn of a candidate that was tried', () => {
    const balancer = create(new FakeCandidates([1, 1, 1]));
    const tried = new TriedSet();
    tried.add(0);
    assert.equal(balancer.pick(flow, tried), 1);
    assert.deepEqual(sequence(balancer, 3), [2, 0, 1]);
  });

  it('finds those that were not tried beside one that has nearly all the turns, in turn', () => {
    const balancer = create(new FakeCandidates([10_000, 1, 1]));
    const tried = new TriedSet();
    tried.add(0);
    const times = timesEach(
      Array.from({ length: 100 }, () => balancer.pick(flow, tried)),
      3,
    );
    assert.ok(times[1]! >= 30 && times[2]! >= 30, times.join(' '));
    for (const each of [1, 2]) tried.add(each);
    assert.equal(balancer.pick(flow, tried), NO_BACKEND);
  });
});
