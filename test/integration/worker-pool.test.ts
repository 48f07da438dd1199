/** The workers of a proxy under real traffic: plans come and go, workers die, ports are taken. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Socket } from 'node:net';
import { backend, listener, policy, pool } from '../harness/snapshots.ts';
import { ask, dial, freePort, startEcho, TcpServer, until } from '../harness/tcp.ts';
import { type RigOptions, TrafficRig } from '../harness/traffic-rig.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function rigOf(options: RigOptions = {}): Promise<TrafficRig> {
  const rig = await TrafficRig.start(options);
  cleanups.push(() => rig.stop());
  return rig;
}

async function echo(name: string, port = 0): Promise<TcpServer> {
  const server = await startEcho(name, port);
  cleanups.push(() => server.stop());
  return server;
}

async function client(port: number): Promise<Socket> {
  const socket = await dial(port);
  cleanups.push(() => socket.destroy());
  return socket;
}

describe('workers under traffic', () => {
  it('relay through all workers, and count what they did', async () => {
    const rig = await rigOf();
    const [one, two] = [await echo('one'), await echo('two')];
    const port = await freePort();
    await rig.apply([
      pool('web'),
      backend('web', one.address),
      backend('web', two.address),
      listener('web', `127.0.0.1:${port}`, 'web'),
    ]);
    const sockets = await Promise.all(Array.from({ length: 40 }, () => client(port)));
    const answers = await Promise.all(sockets.map((socket) => ask(socket, 'hi')));
    assert.deepEqual(new Set(answers), new Set(['one:hi', 'two:hi']));
    assert.equal(rig.connections, 40);
    assert.equal(rig.openAt(one.address) + rig.openAt(two.address), 40);
    const accepted = rig.workers.map(({ listeners }) => listeners[0] ?? 0);
    assert.ok(
      accepted.every((count) => count > 0),
      `each worker accepted some: ${accepted.join()}`,
    );
    for (const socket of sockets) socket.end();
    await until('all connections to close', () => rig.connections === 0);
    assert.equal(rig.openAt(one.address) + rig.openAt(two.address), 0);
    assert.equal(
      rig.workers.reduce((sum, { worker }) => sum + (worker[0] ?? 0), 0),
      40,
    );
  });
});
