/** What the health of backends means for their pool: tiers, the last healthy one, checks in common, slow starts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { BALANCERS } from '../../../../data-plane/balancing/registry.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import type { PlanPool } from '../../../../data-plane/plan/plan.ts';
import { PoolCandidates } from '../../../../data-plane/worker/pool-candidates.ts';
import { healthRig, poolOf } from '../../../../harness/proxy/health-rig.ts';
import { rampTenths } from '../../../../data-plane/health/slow-start.ts';

describe('tiers', () => {
  const TIERS = [{ row: 0 }, { row: 1, tier: 1 }, { row: 2, tier: 3 }];
  const lines = (told: readonly string[]) => told.filter((line) => / (tier|panic) /.test(line));

  it('serve while nothing of the tiers before is healthy, and say so once first checks are done', () => {
    const { clock, checker, told, monitor, run } = healthRig();
    run(poolOf('db', 0, TIERS, { unhealthyThreshold: 1, healthyThreshold: 1 }));
    const state = () => {
      const { noneHealthy, servingTier, servingSinceMs } = monitor.poolStates().get('db')!;
      return [noneHealthy, servingTier, clock.wallMs() - servingSinceMs];
    };
    checker.pass(1_002);
    assert.deepEqual(state(), [false, 3, 0]);
    checker.pass(1_001);
    assert.deepEqual(state(), [false, 1, 0]);
    assert.deepEqual(lines(told), [], 'tier 0 may be healthy');
    assert.equal(monitor.isSettled('db'), false);
    checker.fail(1_000);
    assert.equal(monitor.isSettled('db'), true);
    assert.deepEqual(lines(told), ['db tier 0 to 1']);
    clock.advance(4_000);
    assert.deepEqual(state(), [false, 1, 4_000]);
    clock.advance(2_000);
    checker.fail(1_001);
    checker.fail(1_002);
    assert.deepEqual(state(), [true, 0, 0], 'the first tier of all, should all be used');
    checker.pass(1_000);
    assert.deepEqual(state(), [false, 0, 0]);
    assert.equal(monitor.isSettled('db'), true, 'as ever after its first checks');
    assert.deepEqual(lines(told), [
      'db tier 0 to 1',
      'db tier 1 to 3',
      'db panic true',
      'db panic false',
      'db tier 3 to 0',
    ]);
  });

  it('are reported as they were while first checks may still improve them', () => {
    const { checker, monitor, run } = healthRig();
    const reported = () => {
      const state = monitor.reportedPools().get('db');
      return state && [state.noneHealthy, state.servingTier];
    };
    run(poolOf('db', 0, TIERS));
    assert.equal(reported(), undefined, 'nothing is healthy, but nothing was checked');
    checker.fail(1_000);
    for (const port of [1_001, 1_002]) checker.pass(port);
    assert.deepEqual(reported(), [false, 1]);
    run(poolOf('db', 0, [...TIERS, { row: 3 }]));
    assert.deepEqual(reported(), [false, 1], 'the new one of tier 0 is not checked yet');
    checker.pass(1_003);
    assert.deepEqual(reported(), [false, 0]);
    run(poolOf('db', 0, [{ row: 0 }]));
    assert.deepEqual(reported(), [true, 0]);
  });

  it('are as expected while as many are healthy as the policy expects', () => {
    const { clock, checker, told, run } = healthRig();
    const fields = { expectHealthy: 1 };
    run(poolOf('pg', 0, [{ row: 0 }, { row: 1 }], { unhealthyThreshold: 1 }, fields));
    checker.pass(1_000);
    checker.fail(1_001);
    assert.equal(told.at(-1), 'pg/1001 unknown to unhealthy: connection refused, as expected');
    clock.advance(6_000);
    checker.fail(1_000);
    assert.deepEqual(told.slice(-2), ['pg/1000 healthy to unhealthy: connection refused', 'pg panic true']);
  });

  it('count those that could serve only, and know when there are several', () => {
    const { checker, monitor, run } = healthRig();
    const seen = () => {
      const { servingTier, hasTiers } = monitor.poolStates().get('db')!;
      return `${servingTier} ${hasTiers}`;
    };
    run(poolOf('db', 0, TIERS));
    for (const port of [1_000, 1_001, 1_002]) checker.pass(port);
    assert.equal(seen(), '0 true');
    run(poolOf('db', 0, [{ row: 0, weight: 0 }, { row: 1, tier: 1, state: 'draining' }, TIERS[2]!]));
    assert.equal(seen(), '3 false');
  });
});

describe('early closes', () => {
  const early = '3 connections in a row closed before it sent a byte';

  it('keep a backend out for 10 s whatever its checks say, then longer', () => {
    const { clock, checker, told, monitor, run, cell, health, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    for (const port of [1_000, 1_001]) checker.pass(port);
    const passing = (ms: number) => {
      for (let n = 0; n < ms / 100; n++) {
        clock.advance(100);
        for (const port of checker.ports) checker.pass(port);
      }
    };
    for (const outMs of [10_000, 20_000]) {
      ejectCell(0);
      monitor.ejected(0, 1, early, 'early_closes');
      assert.equal(health(0), `ejected: ${early}; out for ${outMs / 1_000}s`);
      passing(outMs - 100);
      assert.equal(cell(0), 'ejected');
      passing(1_200);
      assert.equal(cell(0), 'healthy');
    }
    assert.equal(told.at(-1), 'web/1000 ejected to healthy: passed a check after it was ejected');
  });

  it('never take out the last healthy backend of a tier, not even when two workers ask at once', () => {
    const { shared, checker, told, monitor, run, cell, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }, { row: 2 }, { row: 3, tier: 1 }]));
    for (const port of [1_000, 1_001, 1_003]) checker.pass(port);
    checker.fail(1_002);
    for (const row of [0, 1, 3]) ejectCell(row);
    const before = Atomics.load(shared.poolEpoch, 0);
    for (const row of [0, 1, 3]) monitor.ejected(row, 1, early, 'early_closes');
    assert.deepEqual([0, 1, 3].map(cell), ['ejected', 'healthy', 'healthy']);
    assert.equal(Atomics.load(shared.poolEpoch, 0), before + 3);
    assert.deepEqual(told.filter((line) => line.includes('ejected')).length, 1);
  });

  it('count although a check found the cell before the message came', () => {
    const { clock, checker, monitor, run, health, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    for (const port of [1_000, 1_001]) checker.pass(port);
    clock.advance(6_000);
    ejectCell(0);
    checker.pass(1_000);
    monitor.ejected(0, 1, early, 'early_closes');
    assert.equal(health(0), `ejected: ${early}; out for 10s`);
  });
});

describe('a check that several pools ask for', () => {
  const twice = (more: object, ...checks: object[]) =>
    checks.map((check, at) => poolOf(`pool-${at}`, at, [{ row: at, port: 1_000, ...more }], check));

  it('is made once, as often as the shortest interval wants, and each pool judges by its own thresholds', () => {
    const { clock, checker, run, cell, monitor } = healthRig();
    run(
      ...twice(
        {},
        { intervalMs: 60_000, unhealthyThreshold: 2 },
        { intervalMs: 5_000, unhealthyThreshold: 1 },
      ),
    );
    assert.deepEqual(checker.ports, [1_000]);
    checker.pass(1_000);
    assert.deepEqual([cell(0), cell(1)], ['healthy', 'healthy']);
    clock.advance(5_600);
    checker.fail(1_000);
    assert.deepEqual([cell(0), cell(1)], ['healthy', 'unhealthy']);
    assert.deepEqual(monitor.poolStates().get('pool-0')?.checks, {
      passed: 1,
      failed: 1,
      inconclusive: 0,
      shortage: 0,
    });
  });

  it('goes on for the others when a pool is removed, and joins one that is under way', () => {
    const { checker, run, cell } = healthRig();
    const [first, second] = twice({}, {}, {});
    assert.ok(first && second);
    run(first);
    run(first, second);
    assert.deepEqual(checker.ports, [1_000]);
    run(second);
    assert.deepEqual(checker.ports, [1_000]);
    checker.pass(1_000);
    assert.equal(cell(1), 'healthy');
    run();
    assert.equal(checker.started, 1);
  });

  it('is another one where anything differs that goes over the wire', () => {
    for (const check of [{ port: 8_008 }, { timeoutMs: 1_000 }, { type: 'tls', tls: { verify: false } }]) {
      const { checker, run } = healthRig();
      run(...twice({}, {}, check));
      assert.equal(checker.started, 2);
    }
  });
});

describe('slow start', () => {
  const SLOW = { slowStartMs: 20_000 } as const;

  it('gives who comes back a tenth of its share at first, and all of it in the end', () => {
    const { shared, clock, checker, run, tenths } = healthRig();
    run(poolOf('web', 5, [{ row: 0 }, { row: 1 }], { unhealthyThreshold: 1, healthyThreshold: 1 }, SLOW));
    for (const port of [1_000, 1_001]) checker.pass(port);
    assert.deepEqual(tenths(0, 1), [0, 0], 'all are new');
    clock.advance(10_000);
    checker.fail(1_000);
    clock.advance(6_000);
    checker.pass(1_000);
    assert.deepEqual(tenths(0, 1), [1, 0]);
    const epoch = Atomics.load(shared.poolEpoch, 5);
    const seen = new Set<number>();
    for (let n = 0; n < 110; n++) {
      clock.advance(200);
      seen.add(shared.rampTenths[0] ?? 0);
    }
    assert.deepEqual([...seen], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    assert.equal(Atomics.load(shared.poolEpoch, 5), epoch + 9);
  });

  it('keeps least_connections from sending the next 60 clients to the one that came back', () => {
    const { shared, clock, checker, run } = healthRig();
    const rows = [0, 1, 2];
    const backends = rows.map((row) => ({ row }));
    run(poolOf('web', 5, backends, { unhealthyThreshold: 1, healthyThreshold: 1 }, SLOW));
    for (const port of [1_000, 1_001, 1_002]) checker.pass(port);
    const weights = Uint16Array.from([1, 1, 1]);
    const plan = {
      row: 5,
      alwaysUp: false,
      refuses: false,
      rows: Int32Array.from(rows),
      weights,
      tiers: null,
      maxConnections: null,
    };
    const own = { backendOpen: new Int32Array(3) };
    const candidates = new PoolCandidates(plan as unknown as PlanPool, shared, own);
    const random = seededRandom(1);
    const nothing = { random, turn: new Int32Array(1), hosts: null, previous: null };
    const balancer = BALANCERS.least_connections({ ...nothing, candidates });
    const pick = () => balancer.pick({ sourceHash: 0, nowMs: clock.nowMs() }, new TriedSet());
    for (let n = 0; n < 300; n++) pick();
    clock.advance(12_000);
    for (const port of [1_001, 1_002]) checker.pass(port);
    checker.fail(1_000);
    // Its connections have ended with it.
    Atomics.store(shared.open, 0, 0);
    clock.advance(6_000);
    checker.pass(1_000);
    const next = Array.from({ length: 60 }, pick);
    const there = next.filter((candidate) => candidate === 0).length;
    assert.ok(there >= 5 && there <= 15, `${there} of 60`);
  });

  for (const [what, first, then, expected] of [
    ['one that is added', {}, { row: 1 }, [0, 1]],
    ['one that was draining', { state: 'draining' }, {}, [0, 1]],
    ['one of another weight', {}, { weight: 5 }, [0, 0]],
    ['one that had weight 0', { weight: 0 }, {}, [0, 0]],
  ] as const) {
    it(`${expected[1] ? 'counts' : 'does not count'} ${what}, where nothing is checked`, () => {
      const { clock, run, tenths } = healthRig();
      const backends = what === 'one that is added' ? [{ row: 0 }] : [{ row: 0 }, { row: 1, ...first }];
      run(poolOf('web', 0, backends, { type: 'none' }, SLOW));
      clock.advance(20_000);
      run(poolOf('web', 0, [{ row: 0 }, { row: 1, ...then }], { type: 'none' }, SLOW));
      assert.deepEqual(tenths(0, 1), expected);
    });
  }

  it('does not hold back a tier that comes up as a whole, nor clients that are pinned by their address', () => {
    for (const policy of [SLOW, { ...SLOW, strategy: 'source_hash' }] as const) {
      const { clock, run, tenths } = healthRig();
      const tier = policy === SLOW ? 1 : 0;
      run(poolOf('web', 0, [{ row: 0 }], { type: 'none' }, policy));
      clock.advance(20_000);
      run(poolOf('web', 0, [{ row: 0 }, { row: 1, tier }, { row: 2, tier }], { type: 'none' }, policy));
      assert.deepEqual(tenths(0, 1, 2), [0, 0, 0]);
    }
  });

  it('grows from a tenth, never shrinks, and ends in time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_600_000 }),
        fc.nat(4_000_000),
        fc.nat(4_000_000),
        (slowMs, a, b) => {
          const share = (sinceMs: number) => rampTenths(sinceMs, slowMs) || 10;
          const [sooner, later] = a < b ? [a, b] : [b, a];
          assert.ok(share(sooner) <= share(later));
          assert.equal(share(0), 1);
          assert.equal(share(later) === 10, later >= slowMs);
        },
      ),
    );
  });
});
