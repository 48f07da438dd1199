/** A real proxy process and a scripted control plane: how configuration arrives, or does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { answers } from '../../../harness/programs/fleet.ts';
import { eventually, freePort, laterScope, startBuilt } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings as setUp,
  readMetric as metric,
  startProxyProcess as startProxy,
  webResources,
  webSnapshot as web,
} from '../../../harness/programs/proxy-process.ts';
import { startScriptedReplica } from '../../../harness/proxy/scripted-replica.ts';
import * as make from '../../../harness/snapshots.ts';

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
    await eventually(
      async () => (applied()?.position?.revision === '7' ? true : undefined),
      'a report of the revision',
    );
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
    await eventually(
      async () => (applied()?.rejected?.position?.revision === '8' ? true : undefined),
      'a report of the refusal',
    );
    assert.equal(applied()?.position?.revision, '7');
    assert.equal(await replica.answerTo(replica.publish(web(9, port, echo.address, '127.0.0.1:9'))), null);
    await eventually(async () => (applied()?.rejected === null ? true : undefined), 'the refusal to be over');
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
    await eventually(async () => (applied()?.position?.revision === '10' ? true : undefined), 'revision 10');
    assert.match(readFileSync(join(stateDir, 'snapshot.json'), 'utf8'), new RegExp(target.hash));
  });

  it('never goes backwards: refuses an older revision and another store, and goes on', async () => {
    const { replica, echo, port } = scene;
    const older = await replica.answerTo(replica.publish(web(4, port)));
    assert.match(older?.join('\n') ?? '', /position\.revision: is 4, but this proxy already runs 10/);
    const other = await replica.answerTo(replica.publish(web(make.position(19, { storeId: 'x' }), port)));
    assert.match(other?.join('\n') ?? '', /another store/);
    assert.equal(await replica.answerTo(replica.publish(web(11, port, echo.address, '127.0.0.1:9'))), null);
  });

  it('rejects alone a listener whose port is taken, and binds it by itself once it is free', async (t) => {
    const { replica, echo, port, proxy } = scene;
    const { admin } = proxy;
    const taken = await freePort();
    const holder = createServer().listen(taken, '127.0.0.1');
    await once(holder, 'listening');
    t.after(() => void holder.close());
    const target = make.snapshot(
      12,
      ...webResources(port, echo.address),
      make.listener('busy', `127.0.0.1:${taken}`, 'web'),
    );
    assert.equal(await replica.answerTo(replica.publish(target)), null);
    const failed = () => applied()?.failedListeners;
    const [failure, ...others] = await eventually(
      async () => (failed()?.length ? failed() : undefined),
      'the failed listener in a report',
    );
    assert.deepEqual(others, []);
    assert.equal(failure?.listener, 'busy');
    assert.equal(failure.address, `127.0.0.1:${taken}`);
    assert.match(failure.reason, /EADDRINUSE/);
    assert.equal(await metric(admin, 'lb_listener_bound{listener="busy"}'), 0);
    assert.equal(await askOnce(port), 'one:hello');

    holder.close();
    await eventually(
      async () => (failed()?.length === 0 ? true : undefined),
      'the listener to recover',
      20_000,
    );
    assert.equal(await askOnce(taken), 'one:hello');
    assert.equal(await metric(admin, 'lb_listener_bound{listener="busy"}'), 1);
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
    await eventually(async () => (fromDisk() === true ? true : undefined), 'a report of what is from disk');
    back.tell({ position: target.position });
    await eventually(async () => (fromDisk() === false ? true : undefined), 'the confirmation');
    await eventually(
      async () => ((await metric(second.admin, 'lb_control_plane_connected')) === 1 ? true : undefined),
      'the connection',
    );
    assert.equal(await metric(second.admin, 'lb_config_age_seconds'), 0);
  });

  it('fails over to another replica, and comes back with what it has', async (t) => {
    const { replica, echo, port, stateDir } = await setUp(t);
    const other = await startScriptedReplica(t);
    await startProxy(t, [replica.address, other.address], stateDir);
    const target = web(2, port, echo.address);
    const [chosen, spare] = await eventually(async () => {
      if (replica.requests.length > 0) return [replica, other] as const;
      return other.requests.length > 0 ? ([other, replica] as const) : undefined;
    }, 'a subscription');
    assert.equal(await chosen.answerTo(chosen.publish(target)), null);
    assert.equal(spare.requests.length, 0);
    assert.ok((await eventually(async () => spare.reports[0], 'a report to the spare replica')).proxy);
    chosen.stop();
    const subscribe = await eventually(async () => spare.requests[0]?.subscribe ?? undefined, 'the failover');
    assert.equal(subscribe.snapshotHash, target.hash);
  });

  it('finds the one replica that answers among many that do not', async (t) => {
    const { replica, stateDir } = await setUp(t);
    const dead = await Promise.all([1, 2, 3, 4, 5, 6].map(() => freePort()));
    const addresses = [...dead.map((port) => `127.0.0.1:${port}`), replica.address];
    await startProxy(t, addresses, stateDir);
    assert.equal(await replica.answerTo(replica.publish(make.snapshot(1))), null);
  });

  it('tries the next replica when one is behind it', async (t) => {
    const { replica, stateDir } = await setUp(t);
    const other = await startScriptedReplica(t);
    await startProxy(t, [replica.address, other.address], stateDir);
    await eventually(async () => replica.requests[0] ?? other.requests[0], 'a subscription');
    for (const each of [replica, other]) each.send({ withheld: { reason: 'REASON_REPLICA_BEHIND' } });
    await eventually(
      async () => (replica.requests.length > 0 && other.requests.length > 0 ? true : undefined),
      'both to be tried',
    );
  });

  it('exits with 2 and words for a flag that can not be', async (t) => {
    const wrong = startBuilt(t, 'data-plane/main.js', ['--drain-timeout', 'soon']);
    assert.equal((await wrong.ended).code, 2);
    assert.match(wrong.lines.join('\n'), /--drain-timeout.*soon/);
  });
});
