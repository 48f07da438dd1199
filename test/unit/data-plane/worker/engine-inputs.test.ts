import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTROL, createBuffers, sharedCells } from '../../../../data-plane/memory/shared-memory.ts';
import { sharedBudget, sharedTargets } from '../../../../data-plane/worker/engine-inputs.ts';

/** The budgets of two workers that share a limit, and the shared cells. */
function budgetsOf(limit: number) {
  const shared = sharedCells(createBuffers(1));
  shared.control[CONTROL.maxConnections] = limit;
  return [sharedBudget(shared), sharedBudget(shared), shared] as const;
}

describe('the budget of connections', () => {
  it('is shared by all workers: the one that takes the last connection is told', () => {
    const [one, two] = budgetsOf(3);
    assert.deepEqual([one.take(), two.take(), one.take(), two.take()], [false, false, true, true]);
  });

  for (const [limit, connections] of [
    [100, 98],
    [1, 0],
  ] as const) {
    it(`has room again at ${connections} connections under a limit of ${limit}`, () => {
      const [one, two, shared] = budgetsOf(limit);
      shared.control[CONTROL.connections] = connections + 1;
      assert.equal(two.hasRoom(), false);
      one.giveBack();
      assert.equal(two.hasRoom(), true);
    });
  }

  it('has no limit at 0', () => {
    const [one] = budgetsOf(0);
    assert.equal(one.take(), false);
    assert.equal(one.hasRoom(), true);
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
