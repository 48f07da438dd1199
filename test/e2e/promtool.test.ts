/** What Prometheus' own checker says of the metrics of both programs, with traffic and failures in them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startControlPlane, startProxy } from '../../harness/programs/fleet.ts';
import { run } from '../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  startProxyProcess,
  webSnapshot,
} from '../../harness/programs/proxy-process.ts';
import { findProgram, present } from '../../harness/programs/real-servers.ts';

async function check(address: string): Promise<void> {
  const metrics = await (await fetch(`http://${address}/metrics`)).text();
  const promtool = findProgram('promtool');
  assert.ok(promtool);
  const { code, stdout, stderr } = await run(promtool, ['check', 'metrics'], {}, metrics);
  assert.ok(metrics.includes('\nlb_') && metrics.includes('\nprocess_cpu_seconds_total '));
  assert.deepEqual([code, stdout, stderr], [0, '', '']);
}

describe('promtool check metrics', () => {
  it('finds nothing to object to in those of a proxy', async (t) => {
    if (!present(t, 'promtool')) return;
    const { replica, echo, port, stateDir } = await proxySurroundings(t);
    const flags = { 'metric-backends': '1' };
    const proxy = await startProxyProcess(t, [replica.address], stateDir, flags);
    const snapshot = webSnapshot(1, port, echo.address, '127.0.0.1:1');
    assert.equal(await replica.answerTo(replica.publish(snapshot)), null);
    for (let each = 0; each < 4; each += 1) await askOnce(port);
    await check(proxy.admin);
  });

  it('finds nothing to object to in those of a control plane', async (t) => {
    if (!present(t, 'promtool')) return;
    const plane = await startControlPlane(t);
    await startProxy(t, 'p1', [plane.grpc]);
    await check(plane.http);
  });
});
