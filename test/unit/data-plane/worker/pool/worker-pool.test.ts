import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { ListenOn } from '../../../../../data-plane/engine/engine.ts';
import type { Plan } from '../../../../../data-plane/plan/plan.ts';
import { CONTROL, sharedCells, workerCells } from '../../../../../data-plane/memory/shared-memory.ts';
import type { WorkerPool } from '../../../../../data-plane/worker/pool/worker-pool.ts';
import { fakePool, type PoolOptions } from '../../../../../harness/worker/fake-threads.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function poolOf(options: PoolOptions = {}) {
  return fakePool((cleanup) => cleanups.push(cleanup), options);
}

/** The first thread of a worker never answers messages of this type. */
function deafOnce(worker: number, to: string): PoolOptions {
  return { isDeafTo: (index, nth, type) => index === worker && nth === 0 && type === to };
}

function plan(sequence: number): Plan {
  return { sequence, revision: sequence, listeners: [], pools: [] };
}

/** A descriptor for each worker. */
function lentPlaces(workers: number): ListenOn[] {
  const fds = Array.from({ length: workers }, (_, index) => 100 + index);
  return fds.map((fd) => ({ type: 'descriptors', fds: [fd], firstPort: 80 }));
}

const listenOn = (on: ListenOn | undefined): unknown => ({ type: 'listen', listener: 5, on });

describe('the worker pool', () => {
  it('replaces a worker that does not prepare in time, and the plan is applied', async () => {
    const { pool, clock, threads, events } = poolOf(deafOnce(1, 'prepare'));
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
    const { pool, clock, threads } = poolOf(deafOnce(0, 'commit'));
    await pool.start();
    const applied = pool.apply(plan(1));
    await clock.advanceSettling(10_000);
    await applied;
    await clock.advanceSettling(0);
    assert.deepEqual(threads.at(-1)?.types, ['prepare', 'commit']);
  });

  it('gives a replacement the certificates, the plan that needs them and its sockets, in this order', async () => {
    const { pool, clock, threads } = poolOf();
    await pool.start();
    pool.useCertificates({ certificates: [], ticketKeys: new Uint8Array(80) });
    await pool.apply(plan(1));
    const places = lentPlaces(2);
    assert.equal(await pool.listen(5, places), null);
    threads[1]?.die();
    await clock.advanceSettling(0);
    for (const { types } of threads) assert.deepEqual(types.slice(0, 2), ['certificates', 'prepare']);
    assert.deepEqual(threads[2]?.got.slice(2), [{ type: 'commit', sequence: 1 }, listenOn(places[1])]);
  });

  it('takes what a dead worker held out of shared memory before it is replaced', async () => {
    const { pool, buffers, clock, threads, events } = poolOf();
    await pool.start();
    const shared = sharedCells(buffers);
    const [one, two] = [workerCells(buffers, 0), workerCells(buffers, 1)];
    shared.control[CONTROL.connections] = 7;
    shared.open[3] = 7;
    Object.assign(shared.listenerOpen, { 0: 4, 9: 3 });
    Object.assign(one.listenerOpen, { 0: 2, 9: 3 });
    one.backendOpen[3] = 5;
    two.listenerOpen[0] = 2;
    two.backendOpen[3] = 2;
    threads[0]?.die();
    assert.equal(shared.control[CONTROL.connections], 2);
    assert.equal(shared.open[3], 2);
    assert.deepEqual(
      [shared.listenerOpen[0], shared.listenerOpen[9]],
      [2, 0],
      'their shares are counted by it',
    );
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

  it('waits no longer after a failure than after the first, when workers lived long in between', async () => {
    const { pool, clock, threads } = poolOf({ workers: 1 });
    await pool.start();
    for (let week = 0; week < 10; week++) {
      await clock.advanceSettling(10_000);
      threads.at(-1)?.die();
      await clock.advanceSettling(0);
      threads.at(-1)?.die();
      const before = threads.length;
      await clock.advanceSettling(200);
      assert.equal(threads.length, before + 1, `in week ${week}`);
    }
  });

  for (const [message, order, reason] of [
    ['listen', (pool: WorkerPool) => pool.listen(5, lentPlaces(2)), 'it did not start to listen'],
    ['stop-accepting', (pool: WorkerPool) => pool.stopAccepting(), 'it did not stop accepting'],
  ] as const) {
    it(`ends a worker that does not answer ${message}: clients would wait in its sockets`, async () => {
      const { pool, clock, events } = poolOf(deafOnce(1, message));
      await pool.start();
      const ordered = order(pool);
      await clock.advanceSettling(10_000);
      assert.equal((await ordered) ?? null, null);
      assert.deepEqual(events, [`lost 1 0: ${reason}`]);
      await clock.advanceSettling(0);
    });
  }

  it('rejects its start when no worker starts', async () => {
    const { pool, clock } = poolOf({ isDeafTo: (_index, _nth, type) => type === 'start' });
    const started = assert.rejects(pool.start(), /no worker started/);
    await clock.advanceSettling(10_000);
    await started;
  });

  it('passes on what workers tell', async () => {
    const { pool, threads, events } = poolOf();
    await pool.start();
    threads[0]?.tell({ type: 'ejected', row: 1, generation: 2, reason: 'three', cause: 'early_closes' });
    threads[1]?.tell({ type: 'saturated', on: true, cause: 'shortage' });
    threads[1]?.tell({ type: 'log', level: 'warn', message: 'hm', fields: {} });
    assert.deepEqual(events, ['ejected 1 2 three early_closes', 'saturated 1 true', 'log 1 hm']);
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

describe('listening sockets lent to workers', () => {
  it('lets a neighbour accept on the sockets of a worker that is away, until it is back', async () => {
    const { pool, clock, threads } = poolOf();
    await pool.start();
    const places = lentPlaces(2);
    await pool.listen(5, places);
    threads[1]?.die();
    assert.deepEqual(threads[0]?.got.slice(1), [listenOn(places[1])], 'at once');
    await clock.advanceSettling(0);
    assert.deepEqual(threads[2]?.got, [listenOn(places[1])]);
    assert.deepEqual(threads[0]?.got.slice(2), [{ type: 'unlisten', listener: 5 }, listenOn(places[0])]);
  });

  it('lets a neighbour accept for a listener that is added while another worker is away', async () => {
    const { pool, clock, threads } = poolOf();
    await pool.start();
    threads[1]?.die();
    await clock.advanceSettling(0);
    threads[2]?.die();
    await clock.advanceSettling(0);
    const places = lentPlaces(2);
    assert.equal(await pool.listen(5, places), null);
    assert.deepEqual(threads[0]?.got, places.map(listenOn));
    await clock.advanceSettling(200);
    assert.deepEqual(threads[3]?.got, [listenOn(places[1])], 'the replacement accepts on its own');
  });

  it('passes on what a neighbour accepted on when that dies too', async () => {
    const { pool, clock, threads } = poolOf({
      workers: 3,
      isDeafTo: (_index, nth, type) => nth > 0 && type === 'start',
    });
    await pool.start();
    const places = lentPlaces(3);
    await pool.listen(5, places);
    threads[2]?.die();
    const helper = threads.slice(0, 2).find(({ got }) => got.length === 2);
    const other = threads.slice(0, 2).find((thread) => thread !== helper);
    assert.deepEqual(helper?.got.at(-1), listenOn(places[2]));
    helper?.die();
    const lent = other?.got.slice(1).map((message) => (message.type === 'listen' ? message.on : null));
    assert.deepEqual(new Set(lent), new Set([places[2], places[helper?.index ?? -1]]));
    await clock.advanceSettling(0);
  });

  it('lets the first that is back accept on all sockets when none was left', async () => {
    const { pool, clock, threads } = poolOf({
      isDeafTo: (index, nth, type) => index === 1 && nth > 0 && type === 'start',
    });
    await pool.start();
    const places = lentPlaces(2);
    await pool.listen(5, places);
    threads[0]?.die();
    threads[1]?.die();
    await clock.advanceSettling(0);
    assert.deepEqual(threads[2]?.index, 0);
    assert.deepEqual(threads[2]?.got, places.map(listenOn));
    await clock.advanceSettling(10_000);
  });

  it('takes in the queues of a worker that dies while a listener is removed', async () => {
    const { pool, threads } = poolOf(deafOnce(1, 'unlisten'));
    await pool.start();
    const places = lentPlaces(2);
    await pool.listen(5, places);
    const unlistened = pool.unlisten(5);
    threads[1]?.die();
    await unlistened;
    const unlisten = { type: 'unlisten', listener: 5 } as const;
    assert.deepEqual(threads[0]?.got.slice(1), [unlisten, ...places.map(listenOn), unlisten]);
  });

  it('takes a removed listener for removed when the answer to it has come, not one to an earlier order', async () => {
    const { pool, clock, threads } = poolOf(deafOnce(0, 'unlisten'));
    await pool.start();
    await pool.listen(5, lentPlaces(2));
    threads[1]?.die();
    await clock.advanceSettling(0);
    let isRemoved = false;
    const removed = pool.unlisten(5).then(() => {
      isRemoved = true;
    });
    // To the order by which it gave a socket back.
    threads[0]?.tell({ type: 'unlistened', listener: 5 });
    await clock.advanceSettling(0);
    assert.equal(isRemoved, false);
    threads[0]?.tell({ type: 'unlistened', listener: 5 });
    await removed;
  });

  it('lends no address of its own: its replacement could not have it', async () => {
    const { pool, clock, threads } = poolOf();
    await pool.start();
    threads[0]?.die();
    await clock.advanceSettling(0);
    threads[2]?.die();
    await clock.advanceSettling(0);
    assert.equal(await pool.listen(5, [{ type: 'address', host: '127.0.0.1', port: 1 }]), null);
    assert.deepEqual(threads[1]?.got, []);
  });
});
