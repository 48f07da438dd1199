/** etcd as the store, two proxies on one host that share their listeners. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../harness/programs/etcd.ts';
import {
  answers,
  lbctlFor,
  metricSum,
  startControlPlane,
  startProxy,
  succeed,
  type Proxy,
} from '../../harness/programs/fleet.ts';
import { eventually, freePort, startBuilt, type Scope } from '../../harness/programs/processes.ts';

async function startDemoBackend(scope: Scope): Promise<string> {
  const port = await freePort();
  await startBuilt(scope, 'examples/demo-backend.js', [String(port)]).line(() => true, 'its address');
  return `127.0.0.1:${port}`;
}

/** Opens new connections until a proxy has accepted one. */
async function untilItServes(proxy: Proxy, listener: string): Promise<void> {
  await eventually(async () => {
    await answers(`http://${listener}/`);
    return (await metricSum(proxy, 'lb_listener_connections_total')) > 0 ? true : undefined;
  }, `a connection accepted by ${proxy.id}`);
}

describe('a fleet on etcd', () => {
  it('two proxies share a listener, run every revision, and outlive control plane and etcd', async (t) => {
    const binary = findEtcd();
    if (binary === undefined) return t.skip(HOW_TO_GET_ETCD);
    const etcd = await startEtcd(binary);
    t.after(() => etcd.dispose());
    const plane = await startControlPlane(t, `etcd:${etcd.endpoint}`);
    const proxies = await Promise.all(
      ['east', 'west'].map((id) => startProxy(t, id, [plane.grpc], ['--share-listeners'])),
    );
    const lbctl = lbctlFor(plane.grpc);
    const [first, second] = [await startDemoBackend(t), await startDemoBackend(t)];
    const listener = `127.0.0.1:${await freePort()}`;

    await succeed(lbctl, ['create', 'pool', 'web', '--backend', first]);
    await succeed(lbctl, ['create', 'listener', 'web', '--address', listener, '--pool', 'web', '--wait']);
    for (const proxy of proxies) await untilItServes(proxy, listener);

    await succeed(lbctl, ['backend', 'add', 'web', second]);
    const drained = await succeed(lbctl, ['backend', 'drain', 'web', first, '--wait']);
    const revision = Number(/revision (\d+)/.exec(drained)?.[1]);
    assert.ok(revision > 0, drained);
    for (const proxy of proxies) assert.equal(await metricSum(proxy, 'lb_config_revision'), revision);
    for (let request = 0; request < 20; request += 1) {
      assert.match(await answers(`http://${listener}/`), new RegExp(second));
    }

    plane.signal('SIGKILL');
    await etcd.stop('SIGKILL');
    assert.match(await answers(`http://${listener}/`), new RegExp(second));

    await etcd.start();
    const next = await startControlPlane(t, `etcd:${etcd.endpoint}`);
    const backends = await succeed(lbctlFor(next.grpc), ['get', 'backends', '-o', 'json']);
    const states = (JSON.parse(backends) as { address: string; state: string }[]).map(
      ({ address, state }) => `${address} ${state}`,
    );
    assert.deepEqual(states.sort(), [`${first} draining`, `${second} active`].sort());
  });
});
