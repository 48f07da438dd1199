import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Plan } from '../../../../../data-plane/plan/plan.ts';
import { CONTROL, sharedCells, workerCells } from '../../../../../data-plane/memory/shared-memory.ts';
import { fakePool, type PoolOptions } from '../../../../../harness/worker/fake-threads.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function poolOf(options: PoolOptions = {}) {
  return fakePool((cleanup) => cleanups.push(cleanup), options);
}

function plan(sequence: number): Plan {
  return { sequence, revision: sequence, listeners: [], pools: [] };
}

describe('the worker pool', () => {
  it('prepares in all workers before it commits in any', async () => {
    const { pool, threads } = poolOf();
    await pool.start();
    await pool.apply(plan(1));
    for (const thread of threads) assert.deepEqual(thread.types, ['prepare', 'commit']);
  });

  it('replaces a worker that does not prepare in time, and the plan is applied', async () => {
    const { pool, clock, threads, events } = poolOf({
      isDeafTo: (index, nth, type) => index === 1 && nth === 0 && type === 'prepare',
    });
    await pool.start();
    const applied = pool.apply(plan(1));
    await clock.advanceSettling(10_000);
    await applied;
    await clock.advanceSettling(0);
    assert.deepEqual(
      threads.map(({ index }) => index),
      [0, 1, 1],
    );
    assert.deepEqual(threads[0]?.types, ['prepare', 'commit']);
    assert.deepEqual(threads[1]?.types, ['prepare'], 'the late one got no further order');
    assert.deepEqual(threads[2]?.types, ['prepare', 'commit'], 'its replacement runs the plan');
    assert.deepEqual(events, ['lost 1 0: it has not prepared plan 1 within 10 s']);
    assert.deepEqual(pool.restarts, [0, 1]);
  });

  it('replaces a worker that does not commit in time', async () => {
    const { pool, clock, threads } = poolOf({
      isDeafTo: (index, nth, type) => index === 0 && nth === 0 && type === 'commit',
    });
    await pool.start();
    const applied = pool.apply(plan(1));
    await clock.advanceSettling(10_000);
    await applied;
    await clock.advanceSettling(0);
    assert.deepEqual(threads.at(-1)?.types, ['prepare', 'commit']);
  });

  it('gives a replacement the plan and its sockets', async () => {
    const { pool, clock, threads } = poolOf();
    await pool.start();
    await pool.apply(plan(1));
    const places = [0, 1].map((fd) => ({ type: 'descriptor', fd: 100 + fd }) as const);
    assert.equal(await pool.listen(5, places), null);
    threads[1]?.die();
    await clock.advanceSettling(0);
    assert.deepEqual(threads[2]?.got.slice(1), [
      { type: 'commit', sequence: 1 },
      { type: 'listen', listener: 5, on: places[1] },
    ]);
  });

  it('takes what a dead worker held out of shared memory before it is replaced', async () => {
    const { pool, buffers, clock, threads, events } = poolOf();
    await pool.start();
    const shared = sharedCells(buffers);
    const [one, two] = [workerCells(buffers, 0), workerCells(buffers, 1)];
    shared.control[CONTROL.connections] = 7;
    shared.open[3] = 7;
    Object.assign(one.listenerOpen, { 0: 2, 9: 3 });
    one.backendOpen[3] = 5;
    two.listenerOpen[0] = 2;
    two.backendOpen[3] = 2;
    threads[0]?.die();
    assert.equal(shared.control[CONTROL.connections], 2);
    assert.equal(shared.open[3], 2);
    assert.ok(one.listenerOpen.every((open) => open === 0));
    assert.ok(one.backendOpen.every((open) => open === 0));
    assert.deepEqual(events, ['lost 0 5: it ended by itself']);
    shared.control[CONTROL.connections] = 0;
    await clock.advanceSettling(0);
  });

  it('replaces at once after a first failure, and backs off after further ones in a row', async () => {
    const { pool, clock, threads } = poolOf({ workers: 1 });
    await pool.start();
    threads[0]?.die();
    await clock.advanceSettling(0);
    assert.equal(threads.length, 2, 'at once');
    threads[1]?.die();
    await clock.advanceSettling(50);
    assert.equal(threads.length, 2, 'not yet');
    await clock.advanceSettling(150);
    assert.equal(threads.length, 3, 'after 100 to 200 ms');
    threads[2]?.die();
    await clock.advanceSettling(199);
    assert.equal(threads.length, 3, 'longer this time');
    await clock.advanceSettling(201);
    assert.equal(threads.length, 4);
    await clock.advanceSettling(10_000);
    threads[3]?.die();
    await clock.advanceSettling(0);
    assert.equal(threads.length, 5, 'it had lived long enough not to fail in a row');
  });

  it('ends a worker that does not stop accepting: its sockets are about to be closed', async () => {
    const { pool, clock, events } = poolOf({
      isDeafTo: (index, nth, type) => index === 1 && nth === 0 && type === 'stop-accepting',
    });
    await pool.start();
    const stopped = pool.stopAccepting();
    await clock.advanceSettling(10_000);
    await stopped;
    assert.deepEqual(events, ['lost 1 0: it did not stop accepting']);
  });

  it('rejects its start when no worker starts', async () => {
    const { pool, clock } = poolOf({ isDeafTo: (_index, _nth, type) => type === 'start' });
    const started = assert.rejects(pool.start(), /no worker started/);
    await clock.advanceSettling(10_000);
    await started;
  });

  it('passes on what workers tell', async () => {
    const { pool, threads, events } = poolOf();
    await pool.start();
    threads[0]?.tell({ type: 'ejected', row: 1, generation: 2, reason: 'three' });
    threads[1]?.tell({ type: 'saturated', on: true, cause: 'shortage' });
    threads[1]?.tell({ type: 'log', level: 'warn', message: 'hm', fields: {} });
    assert.deepEqual(events, ['ejected 1 2 three', 'saturated 1 true', 'log 1 hm']);
  });

  it('stops within its deadline though a worker does not, and starts none again', async () => {
    const { pool, clock, threads } = poolOf({
      isDeafTo: (index, _nth, type) => index === 1 && type === 'exit',
    });
    await pool.start();
    const stopped = pool.stop(0);
    await clock.advanceSettling(10_000);
    await stopped;
    assert.equal(threads.length, 2);
    for (const thread of threads) assert.deepEqual(thread.types, ['stop-accepting', 'exit']);
  });

  it('waits for connections before it stops, for as long as it is told', async () => {
    const { pool, buffers, clock, threads } = poolOf();
    await pool.start();
    const { control } = sharedCells(buffers);
    control[CONTROL.connections] = 1;
    const stopped = pool.stop(1_000);
    await clock.advanceSettling(500);
    assert.deepEqual(threads[0]?.types, ['stop-accepting']);
    control[CONTROL.connections] = 0;
    await clock.advanceSettling(100);
    await stopped;
    assert.deepEqual(threads[0]?.types, ['stop-accepting', 'exit']);
  });
});
