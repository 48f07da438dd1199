import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { ListenOn } from '../../../../../data-plane/engine/engine.ts';
import { fakePool, type PoolOptions } from '../../../../../harness/worker/fake-threads.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function poolOf(options: PoolOptions = {}) {
  return fakePool((cleanup) => cleanups.push(cleanup), options);
}

/** A descriptor for each worker. */
function lentPlaces(workers: number): ListenOn[] {
  return Array.from({ length: workers }, (_, index) => ({ type: 'descriptor', fd: 100 + index }));
}

function listenOn(on: ListenOn | undefined): unknown {
  return { type: 'listen', listener: 5, on };
}

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
    const { pool, threads } = poolOf({
      isDeafTo: (index, nth, type) => index === 1 && nth === 0 && type === 'unlisten',
    });
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
    const { pool, clock, threads } = poolOf({
      isDeafTo: (index, nth, type) => index === 0 && nth === 0 && type === 'unlisten',
    });
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

  it('ends a worker that does not listen in time: clients would wait for it', async () => {
    const { pool, clock, events } = poolOf({
      isDeafTo: (index, nth, type) => index === 1 && nth === 0 && type === 'listen',
    });
    await pool.start();
    const listening = pool.listen(5, lentPlaces(2));
    await clock.advanceSettling(10_000);
    assert.equal(await listening, null);
    assert.deepEqual(events, ['lost 1 0: it did not start to listen']);
    await clock.advanceSettling(0);
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
