/** Real proxies of a user without privileges, with state directories that are read-only or open to others. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { answers } from '../../../harness/programs/fleet.ts';
import { flagList, run, startBuilt } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  readMetric,
  startProxyProcess,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import { unprivileged } from '../../../harness/programs/unprivileged.ts';

async function surroundings(t: TestContext) {
  const { replica, echo, port } = await proxySurroundings(t);
  const { folder, options } = await unprivileged(t, 65_534, 65_534);
  const stateDir = join(folder, 'state');
  const start = () => startProxyProcess(t, [replica.address], stateDir, {}, options);
  return { replica, echo, port, stateDir, options, start, folder };
}

async function end(pid: number, ended: Promise<unknown>): Promise<void> {
  process.kill(pid, 'SIGTERM');
  await ended;
}

describe('a state directory', () => {
  it('that is read-only is served from, locked, told of, and written again once that is possible', async (t) => {
    const { replica, echo, port, stateDir, start, options } = await surroundings(t);
    const first = await start();
    assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, echo.address))), null);
    await end(first.pid, first.ended);
    chmodSync(stateDir, 0o500);
    chmodSync(join(stateDir, 'lock'), 0o400);
    const proxy = await start();
    await proxy.line((line) => /cannot be written: EACCES.*is served/.exec(line) ?? undefined, 'a warning');
    const ready = await answers(`http://${proxy.admin}/readyz`);
    assert.equal(await askOnce(port), 'one:hello');
    assert.match(ready, /"ready".*cannot be written/);
    assert.equal(await readMetric(proxy.admin, 'lb_state_dir_writable'), 0);
    const flags = flagList({ 'state-dir': stateDir, 'admin-address': '127.0.0.1:0' });
    const second = startBuilt(t, 'data-plane/main.js', flags, options);
    await second.line((line) => /is in use by the process \d+/.exec(line) ?? undefined, 'that it is locked');
    const refused = await replica.answerTo(
      replica.publish(webSnapshot(2, port, echo.address, '127.0.0.1:9')),
    );
    assert.match(refused?.join() ?? '', /could not be saved in .*EACCES/);
    chmodSync(stateDir, 0o700);
    assert.equal(
      await replica.answerTo(replica.publish(webSnapshot(3, port, echo.address, '127.0.0.1:10'))),
      null,
    );
    assert.equal(await readMetric(proxy.admin, 'lb_state_dir_writable'), 1);
  });

  it('that is read-only and has no snapshot is refused in words', async (t) => {
    const { stateDir, options, folder } = await surroundings(t);
    mkdirSync(stateDir);
    await run('chown', ['-R', `${statSync(folder).uid}`, stateDir]);
    chmodSync(stateDir, 0o500);
    const running = startBuilt(t, 'data-plane/main.js', flagList({ 'state-dir': stateDir }), options);
    const fatal = /"fatal".*state directory .* can't be used: EACCES.*name a writable directory/;
    await running.line((line) => fatal.exec(line) ?? undefined, 'the reason');
    assert.equal((await running.ended).code, 1);
  });

  it('that others may write to is warned of, and no link in it is followed', async (t) => {
    const { replica, echo, port, stateDir, start, folder } = await surroundings(t);
    mkdirSync(stateDir);
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, 'precious');
    for (const name of ['snapshot.json', 'snapshot.json.new', 'starts'])
      symlinkSync(elsewhere, join(stateDir, name));
    await run('chown', ['-R', `${statSync(folder).uid}`, folder]);
    chmodSync(stateDir, 0o777);
    const proxy = await start();
    await proxy.line((line) => /"warn".*mode 777.*chmod 700/.exec(line) ?? undefined, 'a warning');
    await proxy.line(
      (line) => /symbolic link, which is not followed/.exec(line) ?? undefined,
      'that it is ignored',
    );
    assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, echo.address))), null);
    assert.equal(readFileSync(elsewhere, 'utf8'), 'precious');
    for (const name of ['snapshot.json', 'lock'])
      assert.equal(statSync(join(stateDir, name)).mode & 0o777, 0o600);
    assert.ok(!existsSync(join(stateDir, 'snapshot.json.new')));
  });
});
