import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fakePool } from '../../../../../harness/worker/fake-threads.ts';

it('a worker that stood still as long as the whole process is not taken for dead', async (t) => {
  const isDeafTo = (index: number, nth: number, type: string) =>
    index === 1 && nth === 0 && type === 'prepare';
  const { pool, clock, threads, events } = fakePool((cleanup) => t.after(() => void cleanup()), { isDeafTo });
  await pool.start();
  const applied = pool.apply({ sequence: 1, revision: 1, listeners: [], pools: [] });
  for (const pauseMs of [12_000, 60_000, 3_600_000]) {
    await clock.advanceSettling(1_500);
    clock.stall(pauseMs);
  }
  await clock.advanceSettling(0);
  assert.deepEqual(events, []);
  threads[1]?.tell({ type: 'prepared', sequence: 1 });
  await clock.advanceSettling(0);
  await applied;
  assert.deepEqual(events, []);
});
