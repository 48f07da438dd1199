/** Registrations while replicas are killed and stopped, through real programs. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import { lbctlFor, startControlPlane, startProxy, succeed } from '../../harness/programs/fleet.ts';
import { temporaryFolder } from '../../harness/programs/processes.ts';
import {
  addressesAt,
  registrationScene,
  startRegisteredBackend,
  startTraffic,
  untilRegistered,
  untilServes,
} from '../../harness/programs/registered-backend.ts';

/** Longer than a lease of 2 s and all that a removal waits for. */
const OUTLIVES_MS = 6_000;

/** Looks again and again: the address must be there every time. */
async function stays(client: ReplicaClient, address: string): Promise<void> {
  for (const end = Date.now() + OUTLIVES_MS; Date.now() < end; ) {
    assert.deepEqual(await addressesAt(client), [address]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a registration', () => {
  it('stays in its pool when the replica that holds it is killed', async (t) => {
    const { planes, clients, listener, servers } = await registrationScene(t);
    const backend = await startRegisteredBackend(t, servers, 'web', { ttl: '2s' });
    await untilRegistered(backend, servers[0]);
    await untilServes(listener, backend);
    const running = startTraffic(listener);
    planes[0].signal('SIGKILL');
    await untilRegistered(backend, servers[1]);
    await stays(clients[1], backend.address);
    await running.end();
  });

  it('can not be removed by a replica that wakes up when another one holds it', async (t) => {
    const { planes, clients, servers } = await registrationScene(t);
    const backend = await startRegisteredBackend(t, servers, 'web', { ttl: '2s' });
    await untilRegistered(backend, servers[0]);
    planes[0].signal('SIGSTOP');
    await untilRegistered(backend, servers[1]);
    planes[0].signal('SIGCONT');
    await stays(clients[1], backend.address);
  });
});

describe('the roster of a fleet', () => {
  it('survives a restart of every replica, and --wait counts a proxy that is away', async (t) => {
    const store = `lmdb:${join(temporaryFolder(t), 'store')}`;
    const plane = await startControlPlane(t, store);
    const [east, west] = await Promise.all([
      startProxy(t, 'east', [plane.grpc]),
      startProxy(t, 'west', [plane.grpc]),
    ]);
    const lbctl = lbctlFor(plane.grpc);
    await succeed(lbctl, ['create', 'pool', 'web', '--wait']);
    west.signal('SIGKILL');
    plane.signal('SIGKILL');
    await Promise.all([west.ended, plane.ended]);
    await startControlPlane(t, store, { grpcAddress: plane.grpc });
    const { code, stderr } = await lbctl(['create', 'pool', 'api', '--wait', '--timeout', '10s']);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /does not run on every proxy: west/);
    await succeed(lbctl, ['delete', 'proxy', 'west']);
    await succeed(lbctl, ['create', 'pool', 'more', '--wait']);
    const listed = await succeed(lbctl, ['get', 'proxies', '-o', 'name']);
    assert.equal(listed, `proxy/${east.id}\n`);
  });
});
