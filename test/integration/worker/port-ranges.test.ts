/** Listeners over ranges of ports, and backends that get the port that the client asked for. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { ask, dial, until } from '../../../harness/engine/tcp.ts';
import { Scene } from '../../../harness/worker/traffic-rig.ts';
import { backend, listener, pool } from '../../../harness/snapshots.ts';

const [HERE, THERE] = ['127.87.1.1', '127.87.1.2'];
const PORTS = [21_560, 21_561, 21_562];
const RANGE = `${HERE}:21560-21562`;
const scene = new Scene();
afterEach(() => scene.clear());

/** Says its port to whoever says something. */
async function startServer(port: number): Promise<Server> {
  const server = createServer((socket) => {
    scene.onClear(() => socket.destroy());
    socket.on('data', () => socket.write(String(port)));
    socket.on('error', () => {});
  }).listen(port, THERE);
  scene.onClear(() => server.close());
  await once(server, 'listening');
  return server;
}

async function portAnswering(port: number): Promise<string> {
  const client = await dial(port, HERE);
  scene.onClear(() => client.destroy());
  return ask(client, 'which?');
}

describe('a listener over a range of ports', () => {
  it('takes clients on each, to the same port of a backend without one, also after a worker died', async () => {
    await Promise.all(PORTS.map(startServer));
    const rig = await scene.rig({ workers: 2 });
    const resources = [pool('games'), backend('games', THERE), listener('games', RANGE, 'games')];
    assert.deepEqual(await rig.apply(resources), []);
    // Each worker takes some of them.
    for (const port of PORTS) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => portAnswering(port)));
      assert.deepEqual(new Set(answers), new Set([String(port)]));
    }
    rig.sabotage(0, 'throw');
    await until('a worker to be lost', () => rig.events.some((event) => event.startsWith('lost 0')));
    for (const port of PORTS) assert.equal(await portAnswering(port), String(port));
    await rig.apply([pool('games'), backend('games', THERE), listener('games', `${HERE}:21561`, 'games')]);
    assert.equal(await portAnswering(21_561), '21561');
    await assert.rejects(async () => dial(21_560, HERE), /ECONNREFUSED/);
  });

  it('is one listener: with a port that somebody else has it fails as a whole, and is tried again', async () => {
    const other = createServer().listen(21_562, HERE);
    scene.onClear(() => other.close());
    await once(other, 'listening');
    const rig = await scene.rig();
    await startServer(21_560);
    const failed = await rig.apply([
      pool('games'),
      backend('games', THERE),
      listener('games', RANGE, 'games'),
    ]);
    const reason = 'EADDRINUSE: another socket holds this address (port 21562)';
    assert.deepEqual(failed, [{ listener: 'games', address: RANGE, reason }]);
    await assert.rejects(async () => dial(21_560, HERE), /ECONNREFUSED/);
    other.close();
    await until('the range to be bound', () => rig.failed?.length === 0);
    assert.equal(await portAnswering(21_560), '21560');
  });
});
