import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { STRATEGIES, type Strategy } from '../../../../core/model/resources.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { type Balancer, NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { BALANCERS } from '../../../../data-plane/balancing/registry.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { FakeCandidates, type FakePool, hostsOf } from '../../../../harness/worker/fake-candidates.ts';

const COUNT = 6;
const TIERS = [0, 0, 0, 1, 1, 2];
const hosts = hostsOf(
  TIERS.map(() => 1),
  TIERS,
);

/** One step in the life of a pool. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('connect' as const), n: fc.nat(2 ** 32 - 1) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('close' as const), n: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('fail' as const), n: fc.nat(COUNT - 1) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('flip' as const), n: fc.nat(COUNT - 1) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('ramp' as const), n: fc.nat(COUNT * 10 - 1) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('swap' as const), n: fc.nat(COUNT - 1) }) },
);
const somePool = fc.record({
  tiers: fc.array(fc.nat(2), { minLength: COUNT, maxLength: COUNT }),
  refuses: fc.boolean(),
});
const someWeights = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: COUNT, maxLength: COUNT });

for (const strategy of STRATEGIES) {
  describe(`accounting of ${strategy}`, () => {
    it('agrees with a naive model through connects, retries, closes, health changes and plan swaps', () => {
      fc.assert(
        fc.property(someWeights, somePool, fc.array(step, { maxLength: 120 }), (weights, pool, steps) => {
          const life = new Life(strategy, weights, pool);
          for (const [time, { op, n }] of steps.entries()) {
            life[op](n, time);
            life.check();
          }
        }),
      );
    });
  });
}

/** A balancer, and beside it a list of who is connected where. */
class Life {
  candidates: FakeCandidates;
  balancer: Balancer;
  readonly strategy: Strategy;
  pool: Required<FakePool>;
  readonly turn = new Int32Array(1);
  readonly tried = new TriedSet();
  /** The candidate of each open connection. */
  open: number[] = [];

  constructor(strategy: Strategy, weights: readonly number[], pool: Required<FakePool>) {
    this.strategy = strategy;
    this.pool = pool;
    this.candidates = new FakeCandidates(weights, pool);
    this.balancer = this.create(null);
  }

  create(previous: { balancer: Balancer; moved: Int32Array } | null): Balancer {
    return BALANCERS[this.strategy]({
      candidates: this.candidates,
      random: seededRandom(1),
      turn: this.turn,
      // Of other weights and tiers than the candidates' on purpose: what it says of them must not be believed.
      hosts,
      previous,
    });
  }

  connect(n: number, time: number): void {
    const picked = this.balancer.pick({ sourceHash: n, nowMs: time }, this.tried);
    const choices = this.candidates.weights.flatMap((_, each) =>
      this.candidates.eligible(each) && !this.tried.has(each) ? [each] : [],
    );
    assert.ok(
      (choices.length > 0 ? choices : [NO_BACKEND]).includes(picked),
      `${picked} of ${choices.join(' ')}`,
    );
    this.tried.clear();
    if (picked === NO_BACKEND) return;
    this.open.push(picked);
    this.balancer.connected?.(picked, n % 50, time);
  }

  /** The next connect is a retry after this failure. */
  fail(n: number, time: number): void {
    this.tried.add(n);
    this.balancer.connectFailed?.(n, 1, time);
  }

  close(n: number): void {
    const [closed] = this.open.splice(n % Math.max(1, this.open.length), 1);
    if (closed !== undefined) this.balancer.release(closed);
  }

  flip(n: number): void {
    this.candidates.set(!this.candidates.up[n], n);
  }

  ramp(n: number): void {
    this.candidates.ramp(n % COUNT, 1 + Math.floor(n / COUNT));
  }

  /** The next plan has the same backends in another order: all turn by n. */
  swap(n: number): void {
    const moved = Int32Array.from({ length: COUNT }, (_, old) => (old + n) % COUNT);
    const { weights, up, opened } = this.candidates;
    this.pool = { ...this.pool, tiers: turned(this.pool.tiers, n) };
    this.candidates = new FakeCandidates(turned(weights, n), this.pool);
    this.candidates.opened.splice(0, COUNT, ...turned(opened, n));
    for (const [each, isUp] of turned(up, n).entries()) this.candidates.set(isUp, each);
    this.open = this.open.map((each) => moved[each] ?? NO_BACKEND);
    this.tried.clear();
    this.balancer = this.create({ balancer: this.balancer, moved });
  }

  check(): void {
    const expected = this.candidates.weights.map((_, each) => this.open.filter((at) => at === each).length);
    assert.deepEqual(this.candidates.opened, expected);
  }
}

function turned<T>(values: readonly T[], n: number): T[] {
  return [...values.slice(COUNT - n), ...values.slice(0, COUNT - n)];
}
