/** Backends that are worse than gone, behind a real proxy process: one that never answers, one whose queue is full. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answers } from '../harness/fleet.ts';
import { eventually } from '../harness/processes.ts';
import { askOnce, proxySurroundings, readMetric, startProxyProcess } from '../harness/proxy-process.ts';
import { silentServer } from '../harness/silent-server.ts';
import * as make from '../harness/snapshots.ts';
import { dial, readAll, TcpServer, within } from '../harness/tcp.ts';
import { ENGINES } from '../harness/traffic-rig.ts';

const UNCHECKED = {
  type: 'none',
  intervalMs: 1_000,
  timeoutMs: 1_000,
  healthyThreshold: 1,
  unhealthyThreshold: 1,
} as const;
const CLIENTS = 6;

for (const engine of ENGINES)
  describe(`a proxy in front of bad backends, ${engine} engine`, () => {
    it('holds a connection that nobody answers until the idle timeout, and counts it as that', async (t) => {
      const { replica, port, stateDir } = await proxySurroundings(t);
      const mute = await TcpServer.start((socket) => socket.resume());
      t.after(() => mute.stop());
      const proxy = await startProxyProcess(t, [replica.address], stateDir, { engine });
      const resources = [
        make.policy('hasty', { healthCheck: UNCHECKED, timeouts: { idleMs: 300, halfClosedMs: 300 } }),
        make.pool('web', 'hasty'),
        make.listener('web', `127.0.0.1:${port}`, 'web'),
        make.backend('web', mute.address),
      ];
      assert.equal(await replica.answerTo(replica.publish(make.snapshot(1, ...resources))), null);
      await answers(`http://${proxy.admin}/readyz`);
      const client = await dial(port);
      const received = readAll(client);
      client.write('is there anybody?');
      const { bytes, how } = await within('the idle timeout', received);
      assert.equal(bytes, 0);
      assert.notEqual(how, 'closed');
      const closed = (reason: string) =>
        readMetric(proxy.admin, `lb_connections_closed_total{reason="${reason}"}`);
      await eventually(async () => (await closed('idle_timeout')) || undefined, 'the count of it');
      assert.deepEqual([await closed('idle_timeout'), await closed('completed')], [1, 0]);
    });

    it('tries another backend when the queue of one is full, and no client sees it', async (t) => {
      const { replica, echo, port, stateDir } = await proxySurroundings(t);
      const full = await silentServer();
      t.after(() => full.close());
      const proxy = await startProxyProcess(t, [replica.address], stateDir, { engine });
      const resources = [
        make.policy('hasty', {
          strategy: 'round_robin',
          healthCheck: UNCHECKED,
          connect: { timeoutMs: 200, retries: 1 },
        }),
        make.pool('web', 'hasty'),
        make.listener('web', `127.0.0.1:${port}`, 'web'),
        make.backend('web', echo.address),
        make.backend('web', `${full.host}:${full.port}`),
      ];
      assert.equal(await replica.answerTo(replica.publish(make.snapshot(1, ...resources))), null);
      await answers(`http://${proxy.admin}/readyz`);
      const said = await Promise.all(Array.from({ length: CLIENTS }, () => askOnce(port)));
      assert.deepEqual(said, Array<string>(CLIENTS).fill('one:hello'));
      const failures = `lb_backend_connect_failures_total{pool="web",backend="${full.host}:${full.port}"}`;
      await eventually(
        async () => (await readMetric(proxy.admin, failures)) || undefined,
        'a counted failure',
      );
      const given = await readMetric(proxy.admin, 'lb_connections_closed_total{reason="connect_failed"}');
      assert.equal(given, 0);
    });
  });
