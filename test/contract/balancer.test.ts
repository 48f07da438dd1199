/** What every strategy promises, run against each of them. A new strategy is tested by standing in the registry. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, randomBelow, seededRandom } from '../../core/runtime/random.ts';
import { STRATEGIES, type Strategy } from '../../core/model/resources.ts';
import {
  type Balancer,
  type Candidates,
  type PickRequest,
  NO_BACKEND,
} from '../../data-plane/balancing/balancer.ts';
import { BALANCERS } from '../../data-plane/balancing/registry.ts';
import { TriedSet } from '../../data-plane/balancing/tried-set.ts';
import { FakeCandidates, type FakePool, hostsOf } from '../../harness/worker/fake-candidates.ts';

const NOTHING_TRIED = new TriedSet();

function create(
  strategy: Strategy,
  candidates: Candidates & { readonly weights: readonly number[] },
  options: { random?: Random; previous?: { balancer: Balancer; moved: Int32Array } } & FakePool = {},
): Balancer {
  return BALANCERS[strategy]({
    candidates,
    random: options.random ?? seededRandom(1),
    turn: new Int32Array(1),
    hosts: strategy === 'source_hash' ? hostsOf(candidates.weights, options.tiers) : null,
    previous: options.previous ?? null,
  });
}

/** Picks for many different clients; `hold` keeps the connections open. */
function tally(balancer: Balancer, count: number, picks: number, hold: boolean): number[] {
  const counts = Array.from({ length: count }, () => 0);
  const random = seededRandom(7);
  const request: PickRequest = { sourceHash: 0, nowMs: 0 };
  for (let n = 0; n < picks; n++) {
    request.sourceHash = randomBelow(random, 2 ** 32);
    const picked = balancer.pick(request, NOTHING_TRIED);
    assert.notEqual(picked, NO_BACKEND);
    counts[picked] = (counts[picked] ?? 0) + 1;
    if (!hold) balancer.release(picked);
  }
  return counts;
}

/** Asserts that counts are a sample of the shares: chi-square, at one in a million for a right strategy. */
function assertShares(counts: readonly number[], weights: readonly number[]): void {
  const critical = [Number.NaN, 23.93, 27.63, 30.66, 33.38, 35.89];
  const picks = counts.reduce((sum, count) => sum + count, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let chiSquare = 0;
  for (const [candidate, weight] of weights.entries()) {
    const count = counts[candidate] ?? 0;
    if (weight === 0) assert.equal(count, 0);
    else chiSquare += (count - (picks * weight) / total) ** 2 / ((picks * weight) / total);
  }
  const limit = critical[weights.filter((weight) => weight > 0).length - 1] ?? Number.NaN;
  assert.ok(chiSquare <= limit, `shares ${counts.join(' ')} for weights ${weights.join(' ')}`);
}

for (const strategy of STRATEGIES) {
  describe(`balancer ${strategy}`, () => {
    it('finds the only eligible candidate, wherever it stands', () => {
      for (let only = 0; only < 50; only++) {
        const candidates = new FakeCandidates(Array.from({ length: 50 }, () => 1));
        const balancer = create(strategy, candidates);
        candidates.set(false, ...candidates.up.keys());
        candidates.set(true, only);
        for (let n = 0; n < 20; n++) {
          assert.equal(balancer.pick({ sourceHash: n * 7_919, nowMs: n }, NOTHING_TRIED), only);
        }
      }
    });

    it('passes over what is full, until everything is', () => {
      const candidates = new FakeCandidates([1, 1, 1]);
      const balancer = create(strategy, candidates);
      const isFull = (candidate: number) => candidates.open(candidate) > 0;
      const full = Object.assign(new TriedSet(), { limits: { isFull } });
      const pick = (sourceHash: number) => balancer.pick({ sourceHash, nowMs: 0 }, full);
      assert.deepEqual(new Set([1, 7_919, 2, 3].map(pick)), new Set([0, 1, 2, NO_BACKEND]));
      balancer.release(2);
      assert.equal(pick(5), 2);
    });
    it('returns NO_BACKEND when there is nothing to pick, and reserves nothing', () => {
      for (const weights of [[], [0], [0, 0, 0]]) {
        const candidates = new FakeCandidates(weights);
        const balancer = create(strategy, candidates);
        assert.equal(balancer.pick({ sourceHash: 5, nowMs: 0 }, NOTHING_TRIED), NO_BACKEND);
        assert.ok(candidates.opened.every((open) => open === 0));
      }
    });

    it('never picks a tried one, and returns NO_BACKEND once all are tried', () => {
      const candidates = new FakeCandidates([1, 500, 3, 0, 1, 1]);
      const balancer = create(strategy, candidates);
      for (let client = 0; client < 200; client++) {
        const seen = new TriedSet();
        const request = { sourceHash: client * 104_729, nowMs: client };
        for (let attempt = 0; attempt < 5; attempt++) {
          const picked = balancer.pick(request, seen);
          assert.ok(picked !== NO_BACKEND && !seen.has(picked), `attempt ${attempt} picked ${picked}`);
          seen.add(picked);
          balancer.release(picked);
        }
        assert.equal(balancer.pick(request, seen), NO_BACKEND);
      }
      assert.deepEqual(candidates.opened, [0, 0, 0, 0, 0, 0]);
    });

    it('answers when every candidate has connections already', () => {
      const candidates = new FakeCandidates([1, 1, 1]);
      candidates.opened.fill(1_000_000);
      assert.notEqual(
        create(strategy, candidates).pick({ sourceHash: 1, nowMs: 0 }, NOTHING_TRIED),
        NO_BACKEND,
      );
    });

    it('uses all of weight above 0 in panic, and only the healthy one when it comes up', () => {
      const candidates = new FakeCandidates([1, 1, 1]);
      const balancer = create(strategy, candidates);
      candidates.set(false, 0, 1, 2);
      assert.ok(tally(balancer, 3, 300, false).every((count) => count > 0));
      candidates.set(true, 2);
      assert.deepEqual(tally(balancer, 3, 300, false), [0, 0, 300]);
    });

    it('is reproducible from a seed', () => {
      const run = () => tally(create(strategy, new FakeCandidates([1, 2, 3])), 3, 1_000, true);
      assert.deepEqual(run(), run());
    });

    it('keeps serving across a plan swap that moves, removes and adds candidates', () => {
      const before = create(strategy, new FakeCandidates([1, 2, 3]));
      tally(before, 3, 100, false);
      for (let candidate = 0; candidate < 3; candidate++) before.connected?.(candidate, 2, 100);
      const candidates = new FakeCandidates([5, 1, 2]);
      const after = create(strategy, candidates, {
        previous: { balancer: before, moved: Int32Array.of(NO_BACKEND, 1, 2) },
      });
      const counts = tally(after, 3, 1_000, false);
      assert.ok(
        counts.every((count) => count > 0),
        counts.join(' '),
      );
    });

    it('takes over from any other strategy', () => {
      for (const other of STRATEGIES) {
        const before = create(other, new FakeCandidates([1, 1]));
        tally(before, 2, 10, false);
        const previous = { balancer: before, moved: Int32Array.of(0, 1) };
        const after = create(strategy, new FakeCandidates([1, 1]), { previous });
        assert.ok(tally(after, 2, 100, false).every((count) => count > 0));
      }
    });

    it('allocates nothing while picking', () => {
      const candidates = new FakeCandidates(Array.from({ length: 20 }, () => 1));
      const balancer = create(strategy, candidates);
      const request: PickRequest = { sourceHash: 0, nowMs: 0 };
      const seen = new TriedSet();
      seen.add(3);
      seen.add(4);
      const grown = () => {
        const before = process.memoryUsage().heapUsed;
        for (let n = 0; n < 100_000; n++) {
          request.sourceHash = (n * 7_919) | 0;
          balancer.release(balancer.pick(request, seen));
        }
        return process.memoryUsage().heapUsed - before;
      };
      // The first rounds compile. Then the seeded generator may box a number a pick, 12 bytes; the smallest object
      // has twice that.
      for (let round = 0; round < 5; round++) grown();
      const rounds = Array.from({ length: 9 }, grown).toSorted((a, b) => a - b);
      assert.ok((rounds[4] ?? 0) < 1_600_000, `${rounds.join(' ')} bytes in 100,000 picks`);
    });
  });
}

for (const strategy of STRATEGIES) {
  describe(`balancer ${strategy} and tiers`, () => {
    for (const [what, pool, down, expected] of [
      ['nobody where the pool refuses while none is up', { refuses: true }, [0, 1, 2, 3], []],
      ['the one that is up where the pool refuses', { refuses: true }, [0, 2, 3], [1]],
      ['the first tier alone', { tiers: [1, 0, 2, 0] }, [], [1, 3]],
      ['what is up of the first tier', { tiers: [1, 0, 2, 0] }, [1], [3]],
      ['the next tier when nothing of the first is up', { tiers: [1, 0, 2, 0] }, [1, 3], [0]],
      ['the last tier when only that has something up', { tiers: [1, 0, 2, 0] }, [0, 1, 3], [2]],
      ['the first tier when none is up', { tiers: [1, 0, 2, 0] }, [0, 1, 2, 3], [1, 3]],
      ['nobody of any tier where the pool refuses', { tiers: [1, 0, 2, 0], refuses: true }, [0, 1, 2, 3], []],
    ] as const satisfies readonly (readonly [string, FakePool, number[], number[]])[]) {
      it(`serves by ${what}, in retries too`, () => {
        const candidates = new FakeCandidates([1, 2, 3, 1], pool);
        const balancer = create(strategy, candidates, pool);
        // Back and forth, so that what a strategy keeps of an earlier tier would show.
        for (const now of [[], down, [0], [], down]) {
          candidates.set(true, 0, 1, 2, 3);
          candidates.set(false, ...now);
          balancer.pick({ sourceHash: 1, nowMs: 0 }, NOTHING_TRIED);
        }
        for (let client = 0; client < 200; client++) {
          const tried = new TriedSet();
          const request = { sourceHash: client * 104_729, nowMs: 0 };
          const picks = [...expected, NO_BACKEND].map(() => {
            const picked = balancer.pick(request, tried);
            tried.add(picked);
            return picked;
          });
          assert.equal(picks.pop(), NO_BACKEND);
          assert.deepEqual(
            picks.toSorted((a, b) => a - b),
            expected,
          );
        }
      });
    }
  });
}

describe('balancers and weights', () => {
  const weights = [1, 2, 3, 0, 10];

  it('share idle candidates by weight', () => {
    for (const strategy of STRATEGIES) {
      for (const each of [weights, [1, 1, 1, 1, 1]]) {
        assertShares(tally(create(strategy, new FakeCandidates(each)), 5, 100_000, false), each);
      }
    }
  });

  it('hold connections in proportion to the weights where connections are counted', () => {
    for (const strategy of ['least_connections', 'power_of_two_choices', 'peak_ewma'] as const) {
      const counts = tally(create(strategy, new FakeCandidates(weights)), 5, 1_600, true);
      const most = strategy === 'least_connections' ? 1 : 25;
      for (const [candidate, weight] of weights.entries()) {
        const off = Math.abs((counts[candidate] ?? 0) - weight * 100);
        assert.ok(off <= most, `${strategy}: ${counts.join(' ')}`);
      }
    }
  });
});

describe('balancers and slow starts', () => {
  const weights = [2, 1, 1];
  const rampers = STRATEGIES.filter((strategy) => strategy !== 'source_hash');

  it('share idle candidates by what they weigh now', () => {
    for (const strategy of rampers) {
      const candidates = new FakeCandidates(weights);
      const balancer = create(strategy, candidates);
      for (const tenths of [1, 5, 10]) {
        candidates.ramp(0, tenths);
        assertShares(tally(balancer, 3, 30_000, false), [2 * tenths, 10, 10]);
      }
    }
  });

  it('give one that comes back to busy others a tenth of its share at first, and the rest over time', () => {
    for (const strategy of rampers) {
      const candidates = new FakeCandidates([1, 1, 1]);
      const balancer = create(strategy, candidates);
      candidates.set(false, 0);
      for (let n = 0; n < 3; n++) balancer.connected?.(n, 1, 0);
      candidates.opened.splice(0, 3, 0, 60, 60);
      candidates.set(true, 0);
      candidates.ramp(0, 1);
      const [first = 0] = tally(balancer, 3, 60, true);
      // By its weight it is due 1 in 21 of the connections of all, and no more where open ones are not counted.
      assert.ok(first <= 14, `${strategy}: ${first} of 60`);
      candidates.ramp(0, 10);
      const [rest = 0] = tally(balancer, 3, 60, true);
      assert.ok(rest > first, `${strategy}: ${rest} of 60 in the end`);
    }
  });
});

describe('least_connections', () => {
  for (const open of [0, 4]) {
    it(`shares ties by weight, when each has ${open} open connections per weight`, () => {
      const weights = [1, 2, 5];
      const candidates = new FakeCandidates(weights);
      const balancer = create('least_connections', candidates, { random: seededRandom(7) });
      const picks = [0, 0, 0];
      for (let n = 0; n < 8_000; n++) {
        for (const [at, weight] of weights.entries()) candidates.opened[at] = open * weight;
        const picked = balancer.pick({ sourceHash: 0, nowMs: 0 }, NOTHING_TRIED);
        picks[picked]! += 1;
        balancer.release(picked);
      }
      for (const [candidate, weight] of weights.entries()) {
        const share = picks[candidate]! / 8_000;
        assert.ok(Math.abs(share - weight / 8) < 0.03, `${weight} of 8 got ${share}`);
      }
    });
  }
});
