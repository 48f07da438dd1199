/** What several workers do together for one pool: they share its turn, its tiers, and what it does when nobody is up. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { type Backend, STRATEGIES } from '../../../core/model/resources.ts';
import { HEALTH } from '../../../data-plane/memory/shared-memory.ts';
import { freePort } from '../../../harness/free-port.ts';
import { policy, pool } from '../../../harness/snapshots.ts';
import { readAll, TcpServer, until, within } from '../../../harness/engine/tcp.ts';
import { Scene, type TrafficRig, web } from '../../../harness/worker/traffic-rig.ts';

const WORKERS = 8;
const scene = new Scene();
afterEach(() => scene.clear());

async function servers(count: number, serveOne: (socket: Socket) => void): Promise<TcpServer[]> {
  const all = await Promise.all(Array.from({ length: count }, () => TcpServer.start(serveOne)));
  scene.onClear(() => {
    for (const server of all) server.stop();
  });
  return all;
}

/** The pool `web` with a backend for each server, and its port. */
async function serve(
  rig: TrafficRig,
  all: readonly TcpServer[],
  how: Parameters<typeof policy>[1],
  backendOf: (n: number) => Partial<Backend> = () => ({}),
): Promise<number> {
  const port = await freePort();
  const backends = all.map(({ address }, n) => ({
    kind: 'backend' as const,
    value: { pool: 'web', address, weight: 1, state: 'active' as const, ...backendOf(n) },
  }));
  await rig.apply([policy('p', how), pool('web', 'p'), ...backends, web(port)]);
  return port;
}

function setHealth(rig: TrafficRig, { address }: TcpServer, health: keyof typeof HEALTH): void {
  Atomics.store(rig.shared.health, rig.rowOf(address), HEALTH[health]);
  for (const { row } of rig.built.plan.pools) Atomics.add(rig.shared.poolEpoch, row, 1);
}

describe('round_robin over eight workers', () => {
  for (const weights of [
    [1, 1, 1, 1, 1, 1, 1, 1],
    [3, 1, 1],
  ]) {
    it(`gives backends of weights ${weights.join(' ')} their turns exactly, whoever accepts`, async () => {
      const rig = await scene.rig({ workers: WORKERS });
      const all = await servers(weights.length, (socket) => socket.resume());
      const port = await serve(rig, all, { strategy: 'round_robin' }, (n) => ({ weight: weights[n] ?? 0 }));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (const round of [1, 2, 5]) {
        await Promise.all(Array.from({ length: sum * (round === 5 ? 3 : 1) }, () => scene.client(port)));
        const open = () => all.map(({ address }) => rig.openAt(address));
        // A worker counts a client before it picks its backend.
        await until(
          'all have a backend',
          () => open().reduce((total, some) => total + some, 0) === sum * round,
        );
        assert.deepEqual(
          open(),
          weights.map((weight) => weight * round),
        );
      }
      assert.ok(rig.workers.filter(({ backendOpen }) => backendOpen.some((open) => open > 0)).length > 1);
    });
  }
});

describe('a pool with a reserve that refuses when nobody is up', () => {
  for (const strategy of STRATEGIES) {
    it(`uses the reserve exactly while it has to, ${strategy}`, async () => {
      const rig = await scene.rig({ workers: 2 });
      const [one, two, reserve] = (await servers(3, (socket) => socket.end('hello'))) as [
        TcpServer,
        TcpServer,
        TcpServer,
      ];
      const how = { strategy, whenNoneHealthy: 'refuse' } as const;
      const port = await serve(rig, [one, two, reserve], how, (n) => (n === 2 ? { tier: 1 } : {}));
      const taken = async () => {
        const ends = Array.from({ length: 10 }, async () => {
          const client = connect({ port, host: '127.0.0.1' });
          scene.onClear(() => client.destroy());
          const { how } = await readAll(client);
          return how;
        });
        return new Set(await within('the ends of all', Promise.all(ends)));
      };
      const served = () => [one, two, reserve].map(({ sockets }) => sockets.length);
      assert.deepEqual(await taken(), new Set(['end']));
      assert.equal(served()[2], 0, 'the reserve waits');
      for (const first of [one, two]) setHealth(rig, first, 'unhealthy');
      const before = served();
      assert.deepEqual(await taken(), new Set(['end']));
      assert.deepEqual(served().slice(0, 2), before.slice(0, 2), 'the reserve alone serves');
      setHealth(rig, reserve, 'ejected');
      assert.deepEqual(await taken(), new Set(['ECONNRESET']));
      setHealth(rig, two, 'healthy');
      const [ofOne, , ofReserve] = served();
      assert.deepEqual(await taken(), new Set(['end']));
      assert.deepEqual([served()[0], served()[2]], [ofOne, ofReserve], 'the one that came back alone serves');
    });
  }
});
