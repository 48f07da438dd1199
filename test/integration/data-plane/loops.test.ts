/** Real proxies whose backends are listeners: a client must not become thousands of connections. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import { POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import { connectReplica } from '../../../core/wire/clients.ts';
import { startControlPlane, startProxy, lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { proxySurroundings, readMetric, startProxyProcess } from '../../../harness/programs/proxy-process.ts';
import { dial } from '../../../harness/engine/tcp.ts';
import * as make from '../../../harness/snapshots.ts';

const MOST = 8;

/** An address of this host that its listeners do not name, if it has any besides the loopback. */
function ownIp(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

describe('a backend that is a listener of the proxy itself', () => {
  for (const healthCheck of ['tcp', 'none'] as const) {
    it(`gets no connections, in panic neither, and says why (checks: ${healthCheck})`, async (t) => {
      const { replica, port, stateDir } = await proxySurroundings(t);
      const second = await freePort();
      const proxy = await startProxyProcess(t, [replica.address], stateDir);
      const check = { ...POLICY_DEFAULTS.healthCheck, type: healthCheck };
      const snapshot = make.snapshot(
        1,
        make.policy('p', { healthCheck: check }),
        make.pool('self', 'p'),
        make.pool('round', 'p'),
        make.listener('self', `0.0.0.0:${port}`, 'self'),
        make.listener('round', `127.0.0.1:${second}`, 'round'),
        make.backend('self', `${ownIp()}:${port}`),
        make.backend('self', `127.0.0.1:${second}`),
        make.backend('round', `127.0.0.1:${port}`),
      );
      assert.equal(await replica.answerTo(replica.publish(snapshot)), null);
      for (const to of [port, second]) {
        const socket = await dial(to).catch(() => null);
        await eventually(async () => (socket?.destroyed ?? true) || undefined, 'the end of the client');
      }
      const accepted = (await readMetric(proxy.admin, 'lb_worker_connections_total{worker="0"}')) ?? 0;
      const others = (await readMetric(proxy.admin, 'lb_worker_connections_total{worker="1"}')) ?? 0;
      assert.ok(accepted + others <= MOST, `two clients became ${accepted + others} connections`);
      assert.equal(await readMetric(proxy.admin, 'lb_backends_leading_back'), 3);
      await eventually(async () => {
        const reports = replica.reports.flatMap(({ backends }) => backends);
        const said = reports.filter(({ health }) => health === 'HEALTH_UNHEALTHY');
        return new Set(said.map(({ reason }) => reason)).size === 2 || undefined;
      }, 'both reasons');
    });
  }
});

describe('a backend that is a listener of another proxy of the fleet', () => {
  it('gets no connections as soon as that proxy has told the control plane', async (t) => {
    const controlPlane = await startControlPlane(t);
    const lbctl = lbctlFor(controlPlane.grpc);
    const port = await freePort();
    const there = `192.0.2.77:${port}`;
    await succeed(lbctl, ['create', 'pool', 'web']);
    await succeed(lbctl, ['create', 'listener', 'web', '--address', `0.0.0.0:${port}`, '--pool', 'web']);
    await succeed(lbctl, ['backend', 'add', 'web', there]);
    const proxy = await startProxy(t, 'here', [controlPlane.grpc]);
    assert.equal(await readMetric(proxy.admin, 'lb_backends_leading_back'), 0);
    const client = connectReplica(controlPlane.grpc);
    t.after(() => client.close());
    await client.ready(10_000);
    const reports = client.reports.streamReports();
    reports.on('error', () => undefined);
    reports.resume();
    reports.write({ proxy: { id: 'there', instanceId: 'i' }, applied: { ownBackends: [there] } });
    await eventually(async () => {
      const { stdout } = await lbctl(['health', 'web']);
      return /leads back to the listener web of another proxy/.test(stdout) || undefined;
    }, 'the reason');
    assert.equal(await readMetric(proxy.admin, 'lb_backends_leading_back'), 1);
    let told: readonly string[] | null = null;
    const watcher = client.reports.streamReports();
    watcher.on('error', () => undefined);
    watcher.on('data', ({ fleetBackends }) => (told = fleetBackends));
    watcher.write({ proxy: { id: 'watcher', instanceId: 'w' } });
    await eventually(async () => told?.join() === there || undefined, 'what it told');
    reports.cancel();
    await eventually(async () => told?.length === 0 || undefined, 'an end when it has left');
  });
});
