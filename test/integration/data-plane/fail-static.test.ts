/** A proxy without any control plane: what it starts from, and what it says of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  readMetric,
  startProxyProcess,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

const FROM_DISK = /"revision":(\d+).*serving the last good snapshot from disk/;

describe('a proxy without a control plane', () => {
  it('takes the snapshot before when starts with the newest one keep ending, and serves', async (t) => {
    const { replica, echo, port, stateDir } = await proxySurroundings(t);
    const first = await startProxyProcess(t, [replica.address], stateDir);
    await replica.answerTo(replica.publish(webSnapshot(1, port, echo.address)));
    await replica.answerTo(replica.publish(webSnapshot(2, port)));
    first.signal('SIGKILL');
    await first.ended;
    replica.stop();

    const revisions: (string | undefined)[] = [];
    for (let start = 0; start < 4; start += 1) {
      const proxy = await startProxyProcess(t, [replica.address], stateDir);
      revisions.push(await proxy.line((line) => FROM_DISK.exec(line)?.[1], 'what it serves'));
      if (start === 3) {
        assert.equal(await askOnce(port), 'one:hello');
        assert.ok(proxy.lines.some((line) => /3 starts in a row.*set aside/.test(line)));
      }
      proxy.signal('SIGKILL');
      await proxy.ended;
    }
    assert.deepEqual(revisions, ['2', '2', '2', '1']);
  });

  it('is stale in lbctl get proxies while nobody stands by its configuration', async (t) => {
    const plane = await runControlPlane(t);
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const { replica, port, stateDir } = await proxySurroundings(t);
    // What it runs is from another store, so the control plane withholds, and it reports all the same.
    const first = await startProxyProcess(t, [replica.address], stateDir);
    await replica.answerTo(replica.publish(webSnapshot(1, port)));
    await first.stop();
    const proxy = await startProxyProcess(t, [plane.grpcAddress], stateDir);
    const lbctl = lbctlFor(plane.grpcAddress);
    const shown = await eventually(
      async () => {
        const text = await succeed(lbctl, ['get', 'proxies', '-o', 'json']);
        const [found] = JSON.parse(text) as { stale: boolean; fromDisk: boolean }[];
        return found?.stale ? found : undefined;
      },
      'a stale proxy',
      40_000,
    );
    assert.equal(shown.fromDisk, true);
    assert.match(await succeed(lbctl, ['get', 'proxies']), /\bstale\b/);
    assert.ok(Number(await readMetric(proxy.admin, 'lb_config_age_seconds')) > 10);
  });
});
