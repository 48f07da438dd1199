/** nginx, Redis and PostgreSQL, with the clients people know, while the pool behind them changes all the time. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { freePort } from '../../harness/free-port.ts';
import { STRATEGIES, type Strategy } from '../../core/model/resources.ts';
import {
  type Lbctl,
  lbctlFor,
  metricSum,
  type Proxy,
  startControlPlane,
  startProxy,
  succeed,
} from '../../harness/programs/fleet.ts';
import { eventually } from '../../harness/programs/processes.ts';
import { present, startNginx, startPostgres, startRedis } from '../../harness/programs/real-servers.ts';
import { byRunLength } from '../../harness/run-length.ts';
import { pgbench, redisBenchmark, wrk, type Target, type Traffic } from '../../harness/programs/traffic.ts';

type Load = (target: Target, reconnect: boolean) => Traffic;

/** Each program sees two of the strategies, or all of them in `npm run test:long`. */
const strategiesOf = (program: 0 | 1 | 2) =>
  byRunLength<readonly Strategy[]>(STRATEGIES.slice(2 * program, 2 * program + 2), STRATEGIES);

/** A pool that serves while everything about it changes. */
interface LivePool {
  readonly lbctl: Lbctl;
  readonly proxy: Proxy;
  readonly pool: string;
  /** Two that are in the pool from the start and stay in the end, and one that is added. */
  readonly backends: readonly string[];
}

/** Declares a policy, a pool with two backends and a listener, and waits until the proxy runs them. */
async function declarePool(live: LivePool, listener: string): Promise<void> {
  const manifest = [
    {
      kind: 'Policy',
      name: live.pool,
      strategy: 'round_robin',
      health_check: { interval: '200ms', timeout: '200ms' },
    },
    {
      kind: 'Pool',
      name: live.pool,
      policy: live.pool,
      backends: live.backends.slice(0, 2).map((address) => ({ address })),
    },
    { kind: 'Listener', name: live.pool, address: listener, pool: live.pool },
  ];
  const documents = manifest.map((document) => JSON.stringify(document)).join('\n---\n');
  await succeed(live.lbctl, ['apply', '-f', '-', '--wait'], documents);
}

/** Adds, drains, enables, disables and removes backends, changes a weight and goes through these strategies. */
async function changeEverything(live: LivePool, strategies: readonly Strategy[]): Promise<void> {
  const { lbctl, pool } = live;
  const [first = '', second = '', added = ''] = live.backends;
  const backend = (...args: string[]) => succeed(lbctl, ['backend', ...args]);
  await backend('add', pool, added, '--wait');
  await getsConnections(live, added);
  for (const strategy of strategies) {
    await succeed(lbctl, ['set', 'policy', pool, '--strategy', strategy, '--wait']);
  }
  await succeed(lbctl, ['set', 'policy', pool, '--strategy', 'least_connections', '--wait']);
  await backend('set', pool, added, '--weight', '3');
  await backend('drain', pool, first, '--wait');
  assert.equal(await metricSum(live.proxy, 'lb_backend_connections_active', `backend="${first}"`), 0);
  await backend('enable', pool, first, '--wait');
  await backend('remove', pool, second, '--wait');
  // One of the three that the pool had a moment ago is left: the guard wants to be told.
  await backend('disable', pool, first, '--force');
  await backend('enable', pool, first, '--wait');
  await backend('add', pool, second, '--wait');
  await getsConnections(live, first);
  await getsConnections(live, second);
}

/** Waits until a backend gets connections it did not have before. */
async function getsConnections({ proxy }: LivePool, address: string): Promise<void> {
  const total = () => metricSum(proxy, 'lb_backend_connections_total', `backend="${address}"`);
  const before = await total();
  await eventually(async () => (await total()) > before, `new connections to ${address}`);
}

/** Runs the load over kept connections and with a connection each, both at once, while everything changes. */
async function staysFlawless(
  t: TestContext,
  pool: string,
  backends: readonly string[],
  load: Load,
  strategies: readonly Strategy[],
): Promise<void> {
  const plane = await startControlPlane(t);
  const proxy = await startProxy(t, 'e2e', [plane.grpc]);
  const live: LivePool = { lbctl: lbctlFor(plane.grpc), proxy, pool, backends };
  const target = { host: '127.0.0.1', port: await freePort() };
  await declarePool(live, `${target.host}:${target.port}`);

  const traffic = [load(target, false), load(target, true)];
  try {
    await changeEverything(live, strategies);
  } finally {
    const results = await Promise.all(traffic.map((one) => one.finish()));
    assert.deepEqual(results.flat(), []);
  }
}

describe('a client sees no error while backends are added, drained and removed and the strategy changes', () => {
  it('wrk through the load balancer to nginx', async (t) => {
    if (!present(t, 'nginx', 'wrk')) return;
    const backends = [await startNginx(t), await startNginx(t), await startNginx(t)];
    await staysFlawless(t, 'nginx', backends, wrk, strategiesOf(0));
  });

  it('redis-benchmark through the load balancer to Redis', async (t) => {
    if (!present(t, 'redis-server', 'redis-benchmark')) return;
    const backends = [await startRedis(t), await startRedis(t), await startRedis(t)];
    await staysFlawless(t, 'redis', backends, redisBenchmark, strategiesOf(1));
  });

  it('pgbench through the load balancer to PostgreSQL', async (t) => {
    if (!present(t, 'initdb', 'postgres', 'pgbench')) return;
    const backends = await startPostgres(t, ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    await staysFlawless(t, 'postgres', backends, pgbench, strategiesOf(2));
  });
});
