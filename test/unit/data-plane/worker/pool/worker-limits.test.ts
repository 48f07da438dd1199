import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CONTROL,
  createBuffers,
  sharedCells,
  workerCells,
} from '../../../../../data-plane/memory/shared-memory.ts';
import { droppedLogRecords } from '../../../../../data-plane/memory/counters.ts';
import { sharedBudget, sharedTargets } from '../../../../../data-plane/worker/engine-inputs.ts';
import { WorkerLog } from '../../../../../data-plane/worker/worker-log.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';

describe('the budget of connections', () => {
  function budgetOf(limit: number) {
    const shared = sharedCells(createBuffers(1));
    shared.control[CONTROL.maxConnections] = limit;
    return { shared, budgets: [sharedBudget(shared), sharedBudget(shared)] as const };
  }

  it('is shared by all workers: the one that takes the last place is told', () => {
    const { budgets } = budgetOf(3);
    const [one, two] = budgets;
    assert.deepEqual([one.take(), two.take(), one.take(), two.take()], [false, false, true, true]);
  });

  it('has room again 2 % below the limit', () => {
    const { shared, budgets } = budgetOf(100);
    shared.control[CONTROL.connections] = 100;
    const [one, two] = budgets;
    one.giveBack();
    assert.equal(two.hasRoom(), false);
    one.giveBack();
    assert.equal(two.hasRoom(), true);
  });

  it('has room at no connections however small it is', () => {
    const { budgets } = budgetOf(1);
    assert.equal(budgets[0].take(), true);
    assert.equal(budgets[0].hasRoom(), false);
    budgets[0].giveBack();
    assert.equal(budgets[0].hasRoom(), true);
  });

  it('has no limit at 0', () => {
    const { budgets } = budgetOf(0);
    assert.equal(budgets[0].take(), false);
    assert.equal(budgets[0].hasRoom(), true);
  });
});

describe('the log of a worker', () => {
  it('passes a burst, then a trickle, and counts what it drops', () => {
    const clock = new FakeClock();
    const cells = workerCells(createBuffers(1), 0);
    const written: string[] = [];
    const log = new WorkerLog(
      clock,
      cells,
      (message) => message.type === 'log' && written.push(message.message),
    );
    for (let n = 0; n < 200; n++) log.write('warn', `${n}`);
    assert.equal(written.length, 50);
    assert.equal(droppedLogRecords([cells]), 150);
    clock.advance(1_000);
    for (let n = 0; n < 200; n++) log.write('warn', `later ${n}`);
    assert.equal(written.length, 60);
    clock.advance(3_600_000);
    for (let n = 0; n < 200; n++) log.write('warn', `much later ${n}`);
    assert.equal(written.length, 110, 'a long silence saves up one burst');
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
