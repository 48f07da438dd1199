/** Limits of backends and the queue behind them, in the real workers of a proxy. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { Pool, Resource } from '../../../core/model/resources.ts';
import { CLOSE_REASONS, type CloseReason } from '../../../core/wire/close-reasons.ts';
import { HEALTH } from '../../../data-plane/memory/shared-memory.ts';
import { freePort } from '../../../harness/free-port.ts';
import { backend, listener, policy, pool } from '../../../harness/snapshots.ts';
import { either, type Received, readAll, until, within } from '../../../harness/engine/tcp.ts';
import { Scene, type TrafficRig, web } from '../../../harness/worker/traffic-rig.ts';

const WORKERS = 3;
const LIMIT = 4;
const QUEUE = { length: 100, timeoutMs: 60_000 };

const scene = new Scene();
afterEach(() => scene.clear());

interface Client {
  readonly socket: Socket;
  readonly received: Promise<Received>;
  /** What it got so far. */
  text: string;
}

/** Clients that ask at once, one after the other, and keep their connections. */
async function clients(port: number, count: number, says = 'hi'): Promise<Client[]> {
  const all: Client[] = [];
  for (let n = 0; n < count; n++) {
    // One that is refused may be reset before it knows that it is connected.
    const socket = await scene.client(port).catch(() => null);
    if (socket === null) continue;
    const client: Client = { socket, text: '', received: readAll(socket) };
    socket.on('data', (chunk: Buffer) => {
      client.text += chunk.toString('latin1');
    });
    if (says) socket.write(says);
    all.push(client);
  }
  return all;
}

/** Resolves when a new client was reset, which may be before it knows that it is connected. */
async function refused(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
    .on('error', () => {})
    .resume();
  scene.onClear(() => socket.destroy());
  await within('the refusal', either(socket, 'close'));
}

function served(all: readonly Client[]): Client[] {
  return all.filter(({ text }) => text !== '');
}

function closed(rig: TrafficRig, reason: CloseReason): number {
  return rig.workers.reduce((sum, { worker }) => sum + (worker[CLOSE_REASONS.indexOf(reason)] ?? 0), 0);
}

function waiting(rig: TrafficRig): number {
  return rig.built.directory.pools.reduce(
    (sum, { row }) => sum + Atomics.load(rig.shared.poolWaiting, row),
    0,
  );
}

async function limited({
  limit = LIMIT,
  queue = QUEUE,
}: {
  limit?: number;
  queue?: Pool['queue'] | null;
} = {}) {
  const one = await scene.echo('one');
  const rig = await scene.rig({ workers: WORKERS });
  const port = await freePort();
  const resources = (fields: Partial<Pool> = { ...(queue && { queue }) }, most = limit): Resource[] => [
    pool('web', 'default', fields),
    backend('web', one.address, 1, 'active', 0, { maxConnections: most }),
    web(port),
  ];
  await rig.apply(resources());
  return { one, rig, port, resources };
}

/** Lets go of one that is served again and again: every time one more is served, and no more at once than allowed. */
async function drainOneByOne(
  rig: TrafficRig,
  address: string,
  all: readonly Client[],
  limit = LIMIT,
): Promise<void> {
  const gone = new Set<Client>();
  for (let turn = 1; gone.size < all.length; turn++) {
    const next = served(all).find((client) => !gone.has(client));
    assert.ok(next, `${gone.size} were served, and now nobody is`);
    next.socket.destroy();
    gone.add(next);
    const expected = Math.min(all.length, limit + gone.size);
    await until(`${expected} served`, () => served(all).length === expected);
    assert.ok(rig.openAt(address) <= limit);
  }
}

describe('a backend with a limit', () => {
  it('has exactly as many connections over all workers, and each end lets the next one in at once', async () => {
    const { one, port, rig } = await limited();
    const all = await clients(port, 30);
    await until('the rest to wait', () => waiting(rig) === all.length - LIMIT);
    await until('the first to be served', () => served(all).length === LIMIT);
    assert.equal(rig.openAt(one.address), LIMIT);
    assert.equal(one.sockets.length, LIMIT);
    await drainOneByOne(rig, one.address, all);
    assert.equal(waiting(rig), 0);
  });

  it('is served in the order in which the clients of a worker came', async () => {
    const one = await scene.echo('one');
    const rig = await scene.rig({ workers: 1 });
    const port = await freePort();
    await rig.apply([
      pool('web', 'default', { queue: QUEUE }),
      backend('web', one.address, 1, 'active', 0, { maxConnections: 1 }),
      web(port),
    ]);
    const all = await clients(port, 8);
    await until('the rest to wait', () => waiting(rig) === 7);
    for (const [n, client] of all.entries()) {
      await until(`client ${n} to be served`, () => client.text === 'one:hi');
      assert.equal(served(all).length, n + 1);
      client.socket.destroy();
    }
  });

  it('refuses at once when there is no queue, and beyond its length', async () => {
    for (const [queue, length] of [
      [null, 0],
      [{ length: 3, timeoutMs: 60_000 }, 3],
    ] as const) {
      const { one, port, rig } = await limited({ queue });
      const all = await clients(port, LIMIT + length);
      await until(
        'all to have a place or wait',
        () => waiting(rig) === length && rig.openAt(one.address) === LIMIT,
      );
      for (let n = 0; n < 5; n++) await refused(port);
      await until('five to be refused', () => closed(rig, 'backend_full') === 5);
      assert.equal(waiting(rig), length);
      await until('the first to be served', () => served(all).length === LIMIT);
      await scene.clear();
    }
  });

  it('refuses a client whose time in the queue is over', async () => {
    const { port, rig } = await limited({ limit: 1, queue: { length: 5, timeoutMs: 150 } });
    const [first, second] = await clients(port, 2);
    assert.equal(
      (await within('the refusal', Promise.race([first!.received, second!.received]))).how,
      'ECONNRESET',
    );
    await until('it to be counted', () => closed(rig, 'queue_timeout') === 1);
    assert.deepEqual([waiting(rig), served([first!, second!]).length], [0, 1]);
  });

  it('is left by a client that resets, or ends without a byte; one that has asked and ended stays', async () => {
    const { one, port, rig } = await limited({ limit: 1 });
    const [holder] = await clients(port, 1);
    await until('the first to be served', () => served([holder!]).length === 1);
    const [resets, ends] = await clients(port, 2, '');
    const [asks, asksAndResets] = await clients(port, 2);
    await until('four to wait', () => waiting(rig) === 4);
    asks!.socket.end();
    ends!.socket.end();
    resets!.socket.resetAndDestroy();
    asksAndResets!.socket.resetAndDestroy();
    await until('three to leave', () => waiting(rig) === 1);
    assert.equal(closed(rig, 'client_reset'), 3);
    holder!.socket.destroy();
    const { how, text } = await within('the answer', asks!.received);
    assert.deepEqual([how, text], ['end', 'one:hi']);
    await until('its place to be free', () => rig.openAt(one.address) === 0);
  });

  it('passes a place on when its backend refuses the connect', async () => {
    const dead = await freePort();
    const { one, port, rig, resources } = await limited({ limit: 1 });
    await rig.apply([
      ...resources(),
      policy('default', { connect: { timeoutMs: 1_000, retries: 0 } }),
      backend('web', `127.0.0.1:${dead}`, 1_000, 'active', 0, { maxConnections: 1 }),
    ]);
    const all = await clients(port, 20);
    const refused = () => closed(rig, 'connect_failed');
    // After three failures in a row it is taken out, so the rest waits for the other one.
    await until(
      'one to be served and the rest to wait',
      () => served(all).length + waiting(rig) + refused() === 20,
    );
    const rest = all.filter(({ socket }) => !socket.destroyed && socket.errored === null);
    assert.equal(rig.openAt(`127.0.0.1:${dead}`), 0);
    await drainOneByOne(rig, one.address, rest, 1);
  });
});

describe('connections that wait', () => {
  it('are woken by every change that makes room', async () => {
    const { one, port, rig, resources } = await limited({ limit: 1 });
    const two = await scene.echo('two');
    const all = await clients(port, 12);
    const servedSoFar = (count: number) =>
      until(`${count} to be served`, () => served(all).length === count && waiting(rig) === 12 - count);
    await servedSoFar(1);
    await rig.apply(resources({ queue: QUEUE }, 3));
    await servedSoFar(3);
    const more = (weight: number) => [
      ...resources({ queue: QUEUE }, 3),
      backend('web', two.address, weight, 'active', 0, { maxConnections: 2 }),
    ];
    await rig.apply(more(0), false);
    await rig.apply(more(1), false);
    assert.equal(served(all).length, 3);
    Atomics.store(rig.shared.health, rig.rowOf(two.address), HEALTH.healthy);
    const row = rig.built.directory.pools.find(({ name }) => name === 'web')!.row;
    Atomics.add(rig.shared.poolEpoch, row, 1);
    rig.pool.wakeQueue(row);
    await servedSoFar(5);
    await rig.apply([...resources({ queue: QUEUE }, 0)]);
    await servedSoFar(12);
    assert.ok(one.sockets.length >= 9);
  });

  it('are refused when their queue is removed, and go to the pool that their listener is moved to', async () => {
    const { port, rig, resources } = await limited({ limit: 1 });
    const two = await scene.echo('two');
    const all = await clients(port, 6);
    await until('five to wait', () => waiting(rig) === 5);
    const other = [
      pool('other', 'default', { queue: QUEUE }),
      backend('other', two.address, 1, 'active', 0, { maxConnections: 2 }),
    ];
    const [web1, web2] = resources();
    await rig.apply([web1!, web2!, ...other, listener('web', `127.0.0.1:${port}`, 'other')]);
    await until(
      'two to be served there',
      () => served(all).filter(({ text }) => text === 'two:hi').length === 2,
    );
    await until('three to wait there', () => waiting(rig) === 3);
    await rig.apply([...resources({}), ...other]);
    await until('the rest to be refused', () => closed(rig, 'backend_full') === 3);
    assert.equal(waiting(rig), 0);
  });

  it('get the places of a worker that died, and are no longer counted when it had them', async () => {
    const { one, port, rig } = await limited();
    const all = await clients(port, 40);
    await until('the rest to wait', () => waiting(rig) === 36 && served(all).length === LIMIT);
    const before = rig.workers.map(({ listenerOpen }) => listenerOpen[0] ?? 0);
    await rig.threads[0]?.terminate();
    await until('the loss', () => rig.events.some((event) => event.startsWith('lost 0')));
    const left = all.length - before[0]!;
    const alive = () => all.filter(({ socket }) => !socket.destroyed && socket.errored === null);
    await until('its clients to be reset', () => alive().length === left);
    const isFull = () => rig.openAt(one.address) === Math.min(LIMIT, left);
    await until('its places to be taken', () => isFull() && waiting(rig) === Math.max(0, left - LIMIT));
    await until('an answer for each place', () => served(alive()).length === Math.min(LIMIT, left));
    await drainOneByOne(rig, one.address, alive());
  });

  it('are served while the proxy drains, and reset when that is over', async () => {
    const { port, rig } = await limited({ limit: 1 });
    const all = await clients(port, 3);
    await until('two to wait', () => waiting(rig) === 2 && served(all).length === 1);
    const stopping = rig.pool.stop(5_000);
    served(all)[0]?.socket.destroy();
    await until('the next to be served', () => served(all).length === 2);
    served(all)
      .find(({ socket }) => !socket.destroyed)
      ?.socket.destroy();
    await until('the last to be served', () => served(all).length === 3);
    for (const { socket } of all) socket.destroy();
    await stopping;
    assert.equal(waiting(rig), 0);
  });
});
