/** A real proxy process and a scripted control plane: how configuration arrives, or does not. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { answers, lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { eventually, laterScope, startBuilt, temporaryFolder } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings as setUp,
  readMetric as metric,
  startProxyProcess,
  startProxyProcess as startProxy,
  webSnapshot as web,
} from '../../../harness/programs/proxy-process.ts';
import { until } from '../../../harness/engine/tcp.ts';
import { startScriptedReplica } from '../../../harness/proxy/scripted-replica.ts';
import * as make from '../../../harness/snapshots.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

/** One proxy for all of them: each takes up the revisions where the one before has stopped. */
describe('a proxy and its configuration', () => {
  const scope = laterScope();
  let scene: Awaited<ReturnType<typeof start>>;
  const start = async () => {
    const around = await setUp(scope);
    return { ...around, proxy: await startProxy(scope, [around.replica.address], around.stateDir) };
  };
  before(async () => {
    scene = await start();
  });
  after(() => scope.end());
  const applied = () => scene.replica.reports.findLast((each) => each.applied)?.applied;

  it('is not ready without a snapshot, and is with an empty one', async () => {
    const { replica, proxy } = scene;
    const notReady = await fetch(`http://${proxy.admin}/readyz`);
    assert.equal(notReady.status, 503);
    assert.match(await notReady.text(), /no snapshot yet/);
    assert.equal(await replica.answerTo(replica.publish(make.snapshot(0))), null);
    await answers(`http://${proxy.admin}/readyz`);
  });

  it('acknowledges a snapshot once it runs in all workers and is on disk', async () => {
    const { replica, echo, port, stateDir, proxy } = scene;
    const target = web(7, port, echo.address);
    assert.equal(await replica.answerTo(replica.publish(target)), null);
    assert.match(readFileSync(join(stateDir, 'snapshot.json'), 'utf8'), new RegExp(target.hash));
    for (let times = 0; times < 8; times += 1) assert.equal(await askOnce(port), 'one:hello');
    assert.equal(await metric(proxy.admin, 'lb_config_revision'), 7);
    assert.equal(await metric(proxy.admin, 'lb_control_plane_connected'), 1);
    await until('a report of the revision', () => applied()?.position?.revision === '7');
    assert.equal(applied()?.snapshotHash, target.hash);
    assert.equal(applied()?.fromDisk, false);
  });

  it('refuses an invalid snapshot whole, with every violation, and keeps the old one running', async () => {
    const { replica, echo, port } = scene;
    const invalid = make.snapshot(
      8,
      make.pool('web', 'gone'),
      make.backend('nowhere', '10.0.0.1:80'),
      make.listener('web', '127.0.0.1:1', 'web'),
    );
    const violations = await replica.answerTo(replica.publish(invalid));
    assert.equal(violations?.length, 2, violations?.join('\n'));
    assert.equal(await askOnce(port), 'one:hello');
    await until('a report of the refusal', () => applied()?.rejected?.position?.revision === '8');
    assert.equal(applied()?.position?.revision, '7');
    assert.equal(await replica.answerTo(replica.publish(web(9, port, echo.address, '127.0.0.1:9'))), null);
    await until('the refusal to be over', () => applied()?.rejected === null);
  });

  it('runs what it had no room for as soon as there is room, without another commit', async () => {
    const { replica, echo, port, stateDir } = scene;
    // A folder in the place of the file that is written: as impossible for root as for anybody else.
    const inTheWay = join(stateDir, 'snapshot.json.new');
    mkdirSync(inTheWay);
    const target = web(10, port, echo.address);
    const violations = await replica.answerTo(replica.publish(target));
    assert.match(violations?.join() ?? '', /could not be saved in .*the proxy will try again/);
    rmdirSync(inTheWay);
    await until('revision 10', () => applied()?.position?.revision === '10');
    assert.match(readFileSync(join(stateDir, 'snapshot.json'), 'utf8'), new RegExp(target.hash));
  });

  it('keeps a second process out of its state directory', async (t) => {
    const { stateDir, proxy } = scene;
    const args = ['--proxy-id', 'p1', '--admin-address', '127.0.0.1:0', '--state-dir', stateDir];
    const second = startBuilt(t, 'data-plane/main.js', args);
    assert.equal((await second.ended).code, 1);
    const text = second.lines.join('\n');
    assert.ok(text.includes(stateDir) && text.includes(String(proxy.pid)), text);
  });
});

describe('a proxy that starts, or whose control plane goes', () => {
  it('starts from disk without any control plane, says so, and is confirmed later', async (t) => {
    const { replica, echo, port, stateDir } = await setUp(t);
    const target = web(3, port, echo.address);
    const first = await startProxy(t, [replica.address], stateDir);
    await replica.answerTo(replica.publish(target));
    first.signal('SIGKILL');
    await first.ended;
    replica.stop();

    const second = await startProxy(t, [replica.address], stateDir);
    await answers(`http://${second.admin}/readyz`);
    assert.equal(await askOnce(port), 'one:hello');
    assert.equal(await metric(second.admin, 'lb_control_plane_connected'), 0);
    assert.ok(Number(await metric(second.admin, 'lb_config_age_seconds')) > 0);
    assert.ok(second.lines.some((line) => /last good snapshot from disk/.test(line)));

    const back = await startScriptedReplica(t, replica.address);
    const subscribed = await eventually(
      async () => back.requests[0]?.subscribe ?? undefined,
      'a subscription',
    );
    assert.equal(subscribed.snapshotHash, target.hash);
    assert.equal(subscribed.position?.revision, '3');
    const fromDisk = () => back.reports.findLast((each) => each.applied)?.applied?.fromDisk;
    await until('a report of what is from disk', () => fromDisk() === true);
    back.tell({ position: target.position });
    await until('the confirmation', () => fromDisk() === false);
    await eventually(
      async () => ((await metric(second.admin, 'lb_control_plane_connected')) === 1 ? true : undefined),
      'the connection',
    );
    assert.equal(await metric(second.admin, 'lb_config_age_seconds'), 0);
  });

  it('exits with 2 and words for a flag that can not be', async (t) => {
    const wrong = startBuilt(t, 'data-plane/main.js', ['--drain-timeout', 'soon']);
    assert.equal((await wrong.ended).code, 2);
    assert.match(wrong.lines.join('\n'), /--drain-timeout.*soon/);
  });
});

const NOBODY_THERE = '127.0.0.1:1';

describe('--source-address', () => {
  it('of another host keeps a proxy from starting, in words, with all such addresses at once', async (t) => {
    const flags = {
      'admin-address': '127.0.0.1:0',
      'control-plane': NOBODY_THERE,
      'state-dir': temporaryFolder(t),
      'source-address': '192.0.2.1,127.0.0.2,2001:db8::1',
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    const running = startBuilt(t, 'data-plane/main.js', args);
    const said = await running.line((line) => (line.includes('cannot start') ? line : undefined), 'refusal');
    for (const part of [
      '--source-address',
      '192.0.2.1',
      '2001:db8::1',
      'an address of this host',
      '`ip address`',
    ])
      assert.ok(said.includes(part), `${part} in ${said}`);
    assert.ok(!said.includes('127.0.0.2'), said);
    assert.equal((await running.ended).code, 1);
  });

  it('of this host lets it start', async (t) => {
    const flags = { 'source-address': '127.0.0.2,127.0.0.3' };
    assert.ok((await startProxyProcess(t, [NOBODY_THERE], temporaryFolder(t), flags)).admin);
  });
});

const FROM_DISK = /"revision":(\d+).*serving the last good snapshot from disk/;

describe('a proxy without a control plane', () => {
  it('takes the snapshot before when starts with the newest one keep ending, and serves', async (t) => {
    const { replica, echo, port, stateDir } = await setUp(t);
    const first = await startProxy(t, [replica.address], stateDir);
    await replica.answerTo(replica.publish(web(1, port, echo.address)));
    await replica.answerTo(replica.publish(web(2, port)));
    first.signal('SIGKILL');
    await first.ended;
    replica.stop();

    const revisions: (string | undefined)[] = [];
    for (let start = 0; start < 4; start += 1) {
      const proxy = await startProxy(t, [replica.address], stateDir);
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
    const { replica, port, stateDir } = await setUp(t);
    // What it runs is from another store, so the control plane withholds, and it reports all the same.
    const first = await startProxy(t, [replica.address], stateDir);
    await replica.answerTo(replica.publish(web(1, port)));
    await first.stop();
    const proxy = await startProxy(t, [plane.grpcAddress], stateDir);
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
    assert.ok(Number(await metric(proxy.admin, 'lb_config_age_seconds')) > 10);
  });
});
