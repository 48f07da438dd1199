/** What a worker reads and writes in shared memory: its budget, its targets and the candidates of a pool. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CONTROL,
  HEALTH,
  createBuffers,
  sharedCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';
import { sharedBudget, sharedTargets } from '../../../../data-plane/worker/engine-inputs.ts';
import { PoolCandidates } from '../../../../data-plane/worker/pool-candidates.ts';
import type { PlanPool } from '../../../../data-plane/plan/plan.ts';

/** Rows of listeners. */
const [WEB, MAIL] = [0, 5];

/** The budgets of two workers that share a limit, and the shared cells. */
function budgetsOf(limit: number) {
  const shared = sharedCells(createBuffers(1));
  shared.control[CONTROL.maxConnections] = limit;
  return [sharedBudget(shared), sharedBudget(shared), shared] as const;
}

describe('the budget of connections', () => {
  it('is shared by all workers: the one that takes the last connection is told', () => {
    const [one, two] = budgetsOf(3);
    assert.deepEqual(
      [one.take(WEB), two.take(WEB), one.take(WEB), two.take(WEB)],
      [false, false, true, true],
    );
  });

  for (const [limit, connections] of [
    [100, 98],
    [1, 0],
  ] as const) {
    it(`has room again at ${connections} connections under a limit of ${limit}`, () => {
      const [one, two, shared] = budgetsOf(limit);
      shared.control[CONTROL.connections] = connections + 1;
      assert.equal(two.hasRoom()(WEB), false);
      one.giveBack(WEB);
      assert.equal(two.hasRoom()(WEB), true);
    });
  }

  it('keeps the share of each listener for it, and gives all else to whoever comes first', () => {
    const [budget, , shared] = budgetsOf(100);
    const fill = (listener: number): number => {
      let taken = 1;
      for (; !budget.take(listener); taken++);
      return taken;
    };
    shared.listenerShare.set([10], WEB);
    shared.listenerShare.set([10], MAIL);
    shared.control[CONTROL.shares] = 20;
    assert.equal(fill(WEB), 90);
    assert.deepEqual([budget.hasRoom()(WEB), budget.hasRoom()(MAIL)], [false, true]);
    assert.equal(fill(MAIL), 10);
    assert.deepEqual([budget.hasRoom()(WEB), budget.hasRoom()(MAIL)], [false, false]);
    assert.equal(shared.control[CONTROL.connections], 100);
    budget.giveBack(MAIL);
    assert.deepEqual([budget.hasRoom()(WEB), budget.hasRoom()(MAIL)], [false, true], 'its place is its own');
    for (let each = 0; each < 3; each++) budget.giveBack(WEB);
    assert.equal(budget.hasRoom()(WEB), true);
  });

  it('adds up the shares once, however many listeners wait for room', () => {
    const shared = sharedCells(createBuffers(1));
    let reads = 0;
    const listenerShare = new Proxy(shared.listenerShare, {
      get(cells, key) {
        reads += 1;
        return Reflect.get(cells, key);
      },
    });
    const budget = sharedBudget({ ...shared, listenerShare });
    shared.control.set([100], CONTROL.maxConnections);
    shared.control.set([99], CONTROL.connections);
    shared.control.set([20], CONTROL.shares);
    const { length } = shared.listenerShare;
    const hasRoom = budget.hasRoom();
    for (let listener = 0; listener < length; listener++) assert.equal(hasRoom(listener), false);
    assert.ok(reads < 10 * length, `${reads} reads for ${length} listeners`);
  });

  it('has no limit at 0', () => {
    const [one] = budgetsOf(0);
    assert.equal(one.take(WEB), false);
    assert.equal(one.hasRoom()(WEB), true);
  });
});

describe('targets in shared memory', () => {
  it('are read by row, in both families', () => {
    const shared = sharedCells(createBuffers(1));
    shared.family[2] = 4;
    shared.ip.set([10, 0, 0, 7], 32);
    shared.port[2] = 8080;
    shared.family[3] = 6;
    shared.ip.set([0x20, 1, 0xd, 0xb8], 48);
    shared.ip[63] = 1;
    const targets = sharedTargets(shared);
    assert.deepEqual([targets.host(2), targets.port(2), targets.host(3)], ['10.0.0.7', 8080, '2001:db8::1']);
  });
});

const POOL_ROW = 5;
const ROWS = [7, 3, 9];

interface Rig {
  readonly alwaysUp?: boolean;
  readonly refuses?: boolean;
  readonly tiers?: readonly number[];
}

function setUp(weights: readonly number[], rig: Rig = {}) {
  const buffers = createBuffers(2);
  const shared = sharedCells(buffers);
  const workers = [workerCells(buffers, 0), workerCells(buffers, 1)] as const;
  const pool = {
    row: POOL_ROW,
    alwaysUp: rig.alwaysUp ?? false,
    refuses: rig.refuses ?? false,
    rows: Int32Array.from(ROWS),
    weights: Uint16Array.from(weights),
    tiers: rig.tiers ? Uint8Array.from(rig.tiers) : null,
    maxConnections: null,
  } as PlanPool;
  const of = (worker: 0 | 1) => new PoolCandidates(pool, shared, workers[worker]);
  const row = (candidate: number) => ROWS[candidate] ?? -1;
  const heal = (candidate: number, health: keyof typeof HEALTH) => {
    Atomics.store(shared.health, row(candidate), HEALTH[health]);
    Atomics.add(shared.poolEpoch, POOL_ROW, 1);
  };
  const ramp = (candidate: number, tenths: number) => {
    Atomics.store(shared.rampTenths, row(candidate), tenths);
    Atomics.add(shared.poolEpoch, POOL_ROW, 1);
  };
  return { shared, workers, of, heal, ramp };
}

function eligible(candidates: PoolCandidates): number[] {
  return [0, 1, 2].filter((candidate) => candidates.eligible(candidate));
}

describe('PoolCandidates', () => {
  it('are eligible when healthy and of weight above 0; unknown is not up, unhealthy and ejected neither', () => {
    const { of, heal } = setUp([1, 0, 2]);
    const candidates = of(0);
    heal(0, 'healthy');
    heal(1, 'healthy');
    assert.deepEqual(eligible(candidates), [0]);
    heal(2, 'healthy');
    assert.deepEqual(eligible(candidates), [0, 2]);
    for (const health of ['unknown', 'unhealthy', 'ejected'] as const) {
      heal(0, health);
      assert.deepEqual(eligible(candidates), [2], health);
    }
  });

  for (const [what, weights, rig, healthy, expected] of [
    ['all of weight above 0 when none is healthy', [1, 0, 2], {}, [], [0, 2]],
    ['all of weight above 0 when only one of weight 0 is healthy', [1, 0, 2], {}, [1], [0, 2]],
    ['nobody when none is healthy and the pool refuses then', [1, 0, 2], { refuses: true }, [], []],
    ['nobody when only one of weight 0 is and the pool refuses', [1, 0, 2], { refuses: true }, [1], []],
    ['the healthy one in a pool that refuses otherwise', [1, 0, 2], { refuses: true }, [2], [2]],
    ['nobody where there is no weight', [0, 0, 0], {}, [], []],
    ['everybody whatever the cells say in a pool without checks', [1, 0, 2], { alwaysUp: true }, [], [0, 2]],
    ['the first tier without checks', [1, 1, 2], { alwaysUp: true, tiers: [1, 3, 1] }, [], [0, 2]],
    ['the healthy ones of the first tier', [1, 1, 1], { tiers: [0, 0, 1] }, [0, 2], [0]],
    ['the second tier when nothing of the first is healthy', [1, 1, 1], { tiers: [0, 0, 1] }, [2], [2]],
    ['the third tier when only that has a healthy one', [1, 1, 1], { tiers: [2, 0, 1] }, [0], [0]],
    ['the first tier, not the reserve, before the first check', [1, 1, 1], { tiers: [1, 0, 0] }, [], [1, 2]],
    ['the first tier that has weight when none is healthy', [1, 0, 0], { tiers: [1, 0, 0] }, [], [0]],
    ['the second tier when the first is drained', [1, 0, 0], { tiers: [1, 0, 0] }, [0, 1, 2], [0]],
    ['nobody of any tier where the pool refuses', [1, 1, 1], { refuses: true, tiers: [1, 0, 0] }, [], []],
    ['a reserve also where the pool refuses', [1, 1, 1], { refuses: true, tiers: [1, 0, 0] }, [0], [0]],
  ] as const satisfies readonly (readonly [string, number[], Rig, number[], number[]])[]) {
    it(`serve by ${what}`, () => {
      const { of, heal } = setUp(weights, rig);
      for (const candidate of healthy) heal(candidate, 'healthy');
      assert.deepEqual(eligible(of(0)), expected);
    });
  }

  it('go back to a better tier at once, also from an ejection', () => {
    const { of, heal } = setUp([1, 1, 1], { tiers: [0, 1, 1] });
    const candidates = of(0);
    for (const each of [0, 1, 2]) heal(each, 'healthy');
    assert.deepEqual(eligible(candidates), [0]);
    heal(0, 'ejected');
    assert.deepEqual(eligible(candidates), [1, 2]);
    heal(0, 'healthy');
    assert.deepEqual(eligible(candidates), [0]);
  });

  it('have a tenth of their weight and more while they start slowly, in whole numbers', () => {
    const { of, ramp } = setUp([1, 3, 1_000], { alwaysUp: true });
    const candidates = of(0);
    const weights = () => eligible(candidates).map((each) => candidates.weight(each));
    assert.deepEqual(weights(), [1, 3, 1_000]);
    ramp(1, 1);
    assert.deepEqual(weights(), [10, 3, 10_000]);
    ramp(1, 9);
    assert.deepEqual(weights(), [10, 27, 10_000]);
    ramp(1, 0);
    assert.deepEqual(weights(), [1, 3, 1_000]);
  });

  it('follow a change at the first question after the epoch moved', () => {
    const { shared, of, heal } = setUp([1, 1, 1]);
    const candidates = of(0);
    heal(0, 'healthy');
    assert.ok(candidates.eligible(0));
    const epoch = candidates.epoch();
    Atomics.store(shared.health, ROWS[0] ?? -1, HEALTH.ejected);
    heal(1, 'healthy');
    assert.notEqual(candidates.epoch(), epoch);
    assert.equal(candidates.eligible(0), false);
  });

  it('count open connections over all workers, and each worker its own', () => {
    const { shared, workers, of } = setUp([1, 1, 1]);
    const one = of(0);
    const other = of(1);
    one.reserve(0);
    other.reserve(0);
    other.reserve(0);
    other.unreserve(0);
    assert.deepEqual([one.open(0), other.open(0)], [2, 2]);
    const row = ROWS[0] ?? -1;
    assert.equal(one.row(0), row);
    assert.equal(Atomics.load(shared.open, row), 2);
    assert.deepEqual([workers[0].backendOpen[row], workers[1].backendOpen[row]], [1, 1]);
  });
});
