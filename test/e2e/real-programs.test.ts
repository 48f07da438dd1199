/** nginx, Redis and PostgreSQL, with the clients people know, while the pool behind them changes all the time. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { STRATEGIES, type Strategy } from '../../core/model/resources.ts';
import { lbctlFor, startControlPlane, startProxy } from '../../harness/programs/fleet.ts';
import { changeEverything, declarePool, type LivePool } from '../../harness/programs/pool-changes.ts';
import { freePort } from '../../harness/programs/processes.ts';
import { present, startNginx, startPostgres, startRedis } from '../../harness/programs/real-servers.ts';
import { byRunLength } from '../../harness/run-length.ts';
import { pgbench, redisBenchmark, wrk, type Target, type Traffic } from '../../harness/programs/traffic.ts';

type Load = (target: Target, reconnect: boolean) => Traffic;
type Backends = readonly [first: string, second: string, added: string];

/** Each program sees two of the strategies, or all of them in `npm run test:long`. */
const strategiesOf = (program: 0 | 1 | 2) =>
  byRunLength<readonly Strategy[]>(STRATEGIES.slice(2 * program, 2 * program + 2), STRATEGIES);

/** Runs the load over kept connections and with a connection each, both at once, while everything changes. */
async function staysFlawless(
  t: TestContext,
  pool: string,
  backends: Backends,
  load: Load,
  strategies: readonly Strategy[],
): Promise<void> {
  const plane = await startControlPlane(t);
  const proxy = await startProxy(t, 'e2e', [plane.grpc]);
  const [first, second, added] = backends;
  const live: LivePool = { lbctl: lbctlFor(plane.grpc), proxy, pool, first, second, added };
  const target = { host: '127.0.0.1', port: await freePort() };
  await declarePool(live, `${target.host}:${target.port}`);

  const traffic = [load(target, false), load(target, true)];
  try {
    await changeEverything(live, strategies);
  } finally {
    const results = await Promise.all(traffic.map((one) => one.finish()));
    assert.deepEqual(
      results.flatMap(({ errors }) => errors),
      [],
    );
  }
}

describe('a client sees no error while backends are added, drained and removed and the strategy changes', () => {
  it('wrk through the load balancer to nginx', async (t) => {
    if (!present(t, 'nginx', 'wrk')) return;
    const backends = [await startNginx(t), await startNginx(t), await startNginx(t)] as const;
    await staysFlawless(t, 'nginx', backends, wrk, strategiesOf(0));
  });

  it('redis-benchmark through the load balancer to Redis', async (t) => {
    if (!present(t, 'redis-server', 'redis-benchmark')) return;
    const backends = [await startRedis(t), await startRedis(t), await startRedis(t)] as const;
    await staysFlawless(t, 'redis', backends, redisBenchmark, strategiesOf(1));
  });

  it('pgbench through the load balancer to PostgreSQL', async (t) => {
    if (!present(t, 'initdb', 'postgres', 'pgbench')) return;
    const { addresses } = await startPostgres(t, ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    const [first, second, added] = addresses;
    assert.ok(first && second && added);
    await staysFlawless(t, 'postgres', [first, second, added], pgbench, strategiesOf(2));
  });
});
