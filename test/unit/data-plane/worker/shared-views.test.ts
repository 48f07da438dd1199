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

function setUp(weights: readonly number[], alwaysUp = false) {
  const buffers = createBuffers(2);
  const shared = sharedCells(buffers);
  const workers = [workerCells(buffers, 0), workerCells(buffers, 1)] as const;
  const pool = {
    row: POOL_ROW,
    alwaysUp,
    rows: Int32Array.from(ROWS),
    weights: Uint16Array.from(weights),
  } as PlanPool;
  const of = (worker: 0 | 1) => new PoolCandidates(pool, shared, workers[worker]);
  const heal = (candidate: number, health: keyof typeof HEALTH) => {
    Atomics.store(shared.health, ROWS[candidate] ?? -1, HEALTH[health]);
    Atomics.add(shared.poolEpoch, POOL_ROW, 1);
  };
  return { shared, workers, of, heal };
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
    assert.equal(candidates.panic, false);
  });

  it('are all eligible in panic, but for those of weight 0', () => {
    const { of, heal } = setUp([1, 0, 2]);
    const candidates = of(0);
    assert.ok(candidates.panic);
    assert.deepEqual(eligible(candidates), [0, 2]);
    heal(1, 'healthy');
    assert.deepEqual(eligible(candidates), [0, 2]);
    assert.ok(candidates.panic);
    heal(2, 'healthy');
    assert.deepEqual(eligible(candidates), [2]);
    assert.equal(candidates.panic, false);
  });

  it('are never in panic where there is nothing of weight above 0', () => {
    const candidates = setUp([0, 0, 0]).of(0);
    assert.equal(candidates.panic, false);
    assert.deepEqual(eligible(candidates), []);
  });

  it('are up whatever their cells say in a pool without checks', () => {
    const { of, heal } = setUp([1, 0, 2], true);
    heal(0, 'unhealthy');
    const candidates = of(0);
    assert.deepEqual(eligible(candidates), [0, 2]);
    assert.equal(candidates.panic, false);
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
