/** Backends that register themselves: real processes, real traffic, and replicas that are killed and stopped. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../harness/etcd.ts';
import {
  answers,
  type ControlPlane,
  type Lbctl,
  lbctlFor,
  startControlPlane,
  startProxy,
  succeed,
} from '../harness/fleet.ts';
import { eventually, freePort, type Scope, temporaryFolder } from '../harness/processes.ts';
import { type Registered, startRegistered, untilRegistered } from '../harness/registered.ts';

interface Scene {
  readonly planes: readonly ControlPlane[];
  readonly servers: readonly string[];
  readonly lbctl: Lbctl;
  readonly listener: string;
}

/** Two replicas on one store, one proxy, an empty pool with a listener. */
async function scene(t: Scope, store = `lmdb:${join(temporaryFolder(t), 'store')}`): Promise<Scene> {
  const planes = [await startControlPlane(t, store), await startControlPlane(t, store)];
  const servers = planes.map(({ grpc }) => grpc);
  const lbctl = lbctlFor(...servers);
  const listener = `127.0.0.1:${await freePort()}`;
  await startProxy(t, 'edge', servers);
  await succeed(lbctl, ['create', 'policy', 'quick', '--interval', '200ms']);
  await succeed(lbctl, ['create', 'pool', 'web', '--policy', 'quick']);
  await succeed(lbctl, ['create', 'listener', 'web', '--address', listener, '--pool', 'web', '--wait']);
  return { planes, servers, lbctl, listener };
}

interface Row {
  readonly address: string;
  readonly state: string;
  readonly source: string;
  readonly weight: number;
}

async function backends(lbctl: Lbctl): Promise<readonly Row[]> {
  return JSON.parse(await succeed(lbctl, ['get', 'backends', '-o', 'json'])) as Row[];
}

const addresses = async (lbctl: Lbctl) => (await backends(lbctl)).map(({ address }) => address);

async function untilGone(lbctl: Lbctl, address: string): Promise<void> {
  await eventually(
    async () => ((await addresses(lbctl)).includes(address) ? undefined : true),
    `${address} leaves`,
    20_000,
  );
}

/** Asks for it again and again, over new connections, until it is stopped; gives how it went. */
function traffic(listener: string): {
  stop(): Promise<{ readonly answered: number; readonly failed: readonly string[] }>;
} {
  let stopping = false;
  let answered = 0;
  const failed: string[] = [];
  const run = (async () => {
    while (!stopping) {
      await fetch(`http://${listener}/`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(5_000),
      }).then(
        async (response) => {
          await response.text();
          answered += 1;
        },
        (error: unknown) => failed.push(String((error as Error).cause ?? error)),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      stopping = true;
      await run;
      return { answered, failed };
    },
  };
}

async function serves(listener: string, { name }: Registered): Promise<void> {
  await eventually(
    async () => ((await answers(`http://${listener}/`)) === name ? true : undefined),
    `${name} serves`,
  );
}

describe('a backend that registers itself', () => {
  it('gets traffic while its command runs, and drains before the command hears of its end', async (t) => {
    const { lbctl, listener, servers } = await scene(t);
    const one = await startRegistered(t, servers, 'web');
    const two = await startRegistered(t, servers, 'web');
    await Promise.all([serves(listener, one), serves(listener, two)]);
    const rows = await backends(lbctl);
    assert.deepEqual(
      rows.map(({ source, state }) => [source, state]),
      [
        ['registered', 'active'],
        ['registered', 'active'],
      ],
    );
    const running = traffic(listener);
    one.signal('SIGTERM');
    assert.deepEqual(await one.ended, { code: 7, signal: null });
    assert.deepEqual(await addresses(lbctl), [two.address]);
    const { answered, failed } = await running.stop();
    assert.ok(answered > 0);
    assert.deepEqual(failed, []);
    assert.doesNotMatch(
      await succeed(lbctl, ['export']),
      /127\.0\.0\.1:\d+.*weight/,
      'it is no configuration',
    );
  });

  it('stays in its pool when the replica that holds it is killed', async (t) => {
    const { planes, lbctl, listener, servers } = await scene(t);
    const backend = await startRegistered(t, servers, 'web', { ttl: '2s' });
    await untilRegistered(backend, servers[0]);
    await serves(listener, backend);
    const running = traffic(listener);
    const [first, second] = planes;
    first?.signal('SIGKILL');
    await untilRegistered(backend, second?.grpc);
    const other = lbctlFor(second?.grpc ?? '');
    // Longer than its lease and all that a removal waits for.
    const end = Date.now() + 6_000;
    while (Date.now() < end) {
      assert.deepEqual(await addresses(other), [backend.address]);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { answered, failed } = await running.stop();
    assert.ok(answered > 0);
    assert.deepEqual(failed, []);
    assert.deepEqual(await addresses(lbctl), [backend.address]);
  });

  it('leaves after its ttl when it is lost', async (t) => {
    const { lbctl, servers } = await scene(t);
    const [lost, other] = [
      await startRegistered(t, servers, 'web', { ttl: '2s' }),
      await startRegistered(t, servers, 'web', { ttl: '2s' }),
    ];
    await Promise.all([untilRegistered(lost), untilRegistered(other)]);
    lost.signal('SIGKILL');
    await lost.ended;
    assert.ok((await addresses(lbctl)).includes(lost.address), 'not at once');
    await untilGone(lbctl, lost.address);
    assert.deepEqual(await addresses(lbctl), [other.address]);
  });

  it('leaves after its ttl when it is stopped in its tracks', async (t) => {
    const { lbctl, servers } = await scene(t);
    const stopped = await startRegistered(t, servers, 'web', { ttl: '2s' });
    const other = await startRegistered(t, servers, 'web', { ttl: '2s' });
    await Promise.all([untilRegistered(stopped), untilRegistered(other)]);
    // It has sent signs of life, so their absence counts.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    stopped.signal('SIGSTOP');
    await untilGone(lbctl, stopped.address);
    stopped.signal('SIGCONT');
    await eventually(
      async () => ((await addresses(lbctl)).includes(stopped.address) ? true : undefined),
      'it registers again',
    );
  });

  it('can not be removed by a replica that wakes up when another one holds it', async (t) => {
    const { planes, servers } = await scene(t);
    const backend = await startRegistered(t, servers, 'web', { ttl: '3s' });
    const [first, second] = planes;
    await untilRegistered(backend, first?.grpc);
    first?.signal('SIGSTOP');
    await untilRegistered(backend, second?.grpc);
    const other = lbctlFor(second?.grpc ?? '');
    first?.signal('SIGCONT');
    const end = Date.now() + 6_000;
    while (Date.now() < end) {
      assert.deepEqual(await addresses(other), [backend.address]);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it('keeps its command running while no control plane is there, and registers once there is one', async (t) => {
    const store = `lmdb:${join(temporaryFolder(t), 'store')}`;
    const port = await freePort();
    const server = `127.0.0.1:${port}`;
    const backend = await startRegistered(t, [server], 'web');
    await backend.line(
      (line) => (line.startsWith(`lbctl: not registered at ${server}`) ? line : undefined),
      'words',
    );
    const plane = await startControlPlane(t, store, server);
    await backend.line((line) => (line.includes('there is no pool "web"') ? line : undefined), 'the refusal');
    await succeed(lbctlFor(plane.grpc), ['create', 'pool', 'web']);
    await untilRegistered(backend);
    assert.deepEqual(await addresses(lbctlFor(plane.grpc)), [backend.address]);
  });

  it('loses to a configured backend of its address, and says so', async (t) => {
    const { lbctl, servers } = await scene(t);
    const backend = await startRegistered(t, servers, 'web', { flags: ['--weight', '9'] });
    await untilRegistered(backend);
    await succeed(lbctl, ['backend', 'add', 'web', backend.address, '--weight', '2']);
    await backend.line(
      (line) => (line.includes('configured, and that one counts') ? line : undefined),
      'words',
    );
    const [row] = await backends(lbctl);
    assert.deepEqual([row?.weight, row?.source], [2, 'registered, shadowed']);
    await succeed(lbctl, ['backend', 'remove', 'web', backend.address]);
    await eventually(async () => {
      const [now] = await backends(lbctl);
      return now?.weight === 9 && now.source === 'registered' ? true : undefined;
    }, 'the registration counts again');
  });

  it('is held, along with the others, when all are lost at once', async (t) => {
    const { planes, lbctl, listener, servers } = await scene(t);
    const all = await Promise.all([0, 1, 2].map(() => startRegistered(t, servers, 'web', { ttl: '2s' })));
    await Promise.all(all.map((each) => untilRegistered(each)));
    for (const each of all) each.signal('SIGKILL');
    await eventually(
      async () => {
        const states = (await backends(lbctl)).map(({ state }) => state);
        return states.length === 3 && states.every((state) => state === 'expiring') ? true : undefined;
      },
      'they are held',
      20_000,
    );
    // Their servers are children that live on: health checks find them well.
    for (const each of all) await serves(listener, each);
    const alarms = planes.flatMap(({ lines }) =>
      lines.filter((line) => line.includes('were lost within one ttl')),
    );
    assert.equal(alarms.length, 3, alarms.join('\n'));
    const metrics = await (await fetch(`http://${planes[1]?.http}/metrics`)).text();
    assert.match(metrics, /^lb_registrations_held\{pool="web"\} 3$/m);
    assert.match(metrics, /^lb_registrations\{pool="web"\} 3$/m);
  });

  it('outlives everything else on etcd: a killed replica, and a lease that ended while none was there', async (t) => {
    const binary = findEtcd();
    if (binary === undefined) return t.skip(HOW_TO_GET_ETCD);
    const etcd = await startEtcd(binary);
    t.after(() => etcd.dispose());
    const { planes, servers, listener } = await scene(t, `etcd:${etcd.endpoint}`);
    const backend = await startRegistered(t, servers, 'web', { ttl: '2s' });
    await untilRegistered(backend);
    await serves(listener, backend);
    const running = traffic(listener);
    for (const plane of planes) plane.signal('SIGKILL');
    await Promise.all(planes.map(({ ended }) => ended));
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const next = await startControlPlane(t, `etcd:${etcd.endpoint}`, servers[1]);
    await untilRegistered(backend, next.grpc);
    const { answered, failed } = await running.stop();
    assert.ok(answered > 0);
    assert.deepEqual(failed, []);
    assert.deepEqual(await addresses(lbctlFor(next.grpc)), [backend.address]);
  });
});

describe('the roster of a fleet', () => {
  it('survives a restart of every replica, and --wait counts a proxy that is away', async (t) => {
    const store = `lmdb:${join(temporaryFolder(t), 'store')}`;
    const plane = await startControlPlane(t, store);
    const lbctl = lbctlFor(plane.grpc);
    const [east, west] = [
      await startProxy(t, 'east', [plane.grpc]),
      await startProxy(t, 'west', [plane.grpc]),
    ];
    await succeed(lbctl, ['create', 'pool', 'web', '--wait']);
    west.signal('SIGKILL');
    plane.signal('SIGKILL');
    await Promise.all([west.ended, plane.ended]);
    await startControlPlane(t, store, plane.grpc);
    const { code, stderr } = await lbctl(['create', 'pool', 'api', '--wait', '--timeout', '5s']);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /does not run on every proxy: west/);
    assert.match(stderr, /west: .*not seen since|west.*away since/);
    await succeed(lbctl, ['delete', 'proxy', 'west']);
    await succeed(lbctl, ['create', 'pool', 'more', '--wait']);
    const proxies = JSON.parse(await succeed(lbctl, ['get', 'proxies', '-o', 'json'])) as { id: string }[];
    assert.deepEqual(
      proxies.map(({ id }) => id),
      [east.id],
    );
  });
});
