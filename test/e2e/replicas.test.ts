/** Control planes that are killed, one after the other, on a real etcd: proxies and lbctl go on with those that are left. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../harness/programs/etcd.ts';
import {
  type ControlPlane,
  lbctlFor,
  metricSum,
  startControlPlane,
  startProxy,
  succeed,
} from '../../harness/programs/fleet.ts';
import { eventually } from '../../harness/programs/processes.ts';

describe('control planes on one etcd', () => {
  it('are killed in turn, and lbctl and a proxy fail over without the proxy ever going back', async (t) => {
    const binary = findEtcd();
    if (binary === undefined) return t.skip(HOW_TO_GET_ETCD);
    const etcd = await startEtcd(binary);
    t.after(() => etcd.dispose());
    const store = `etcd:${etcd.endpoint}`;
    const planes: ControlPlane[] = [];
    for (let count = 0; count < 3; count += 1) planes.push(await startControlPlane(t, store));
    const addresses = planes.map(({ grpc }) => grpc);
    const proxy = await startProxy(t, 'p', addresses);
    const lbctl = lbctlFor(...addresses);
    await succeed(lbctl, ['create', 'pool', 'web', '--backend', '10.0.0.1:80', '--wait']);

    let newest = 1;
    const seen: number[] = [];
    for (const killed of planes.slice(0, 2)) {
      killed.signal('SIGKILL');
      await killed.ended;
      newest += 1;
      await succeed(lbctl, ['backend', 'set', 'web', '10.0.0.1:80', '--weight', String(newest)]);
      await eventually(async () => {
        const revision = await metricSum(proxy, 'lb_config_revision');
        seen.push(revision);
        return revision === newest;
      }, `revision ${newest} at the proxy`);
    }
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
      'the proxy went back',
    );
    assert.match(await succeed(lbctl, ['get', 'pools', '-o', 'name']), /web/);
  });
});
