/** The proxy as a user without privileges: epoll, pipes, shared memory, state directory, all of it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { answers } from '../harness/fleet.ts';
import { built, run, type SpawnOptions, temporaryFolder } from '../harness/processes.ts';
import { askOnce, proxySurroundings, startProxyProcess, webSnapshot } from '../harness/proxy-process.ts';
import { dial, readAll, TcpServer, within } from '../harness/tcp.ts';

/** The user `nobody`, everywhere. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const BULK_BYTES = 32 * 1024 * 1024;

/** Nothing where the tests run without privileges anyhow. */
const user: SpawnOptions = process.getuid?.() === 0 ? NOBODY : {};

/** Whether that user may read what it is to run. */
async function mayRead(path: string): Promise<boolean> {
  const look = `require('node:fs').readFileSync(${JSON.stringify(path)})`;
  return (await run(process.execPath, ['-e', look], { ...user, cwd: '/' })).code === 0;
}

for (const splice of [false, true])
  describe(`a proxy of a user without privileges, ${splice ? 'with' : 'without'} splice`, () => {
    it('serves with epoll, moves bulk, and stops in order', async (t) => {
      if (process.platform !== 'linux' || process.arch !== 'x64') return t.skip('epoll is for Linux on x64');
      const program = built('data-plane/main.js');
      if (!(await mayRead(program))) return t.skip(`uid ${NOBODY.uid} may not read ${dirname(program)}`);
      const { replica, port } = await proxySurroundings(t);
      const stateDir = join(temporaryFolder(t), 'state');
      mkdirSync(stateDir);
      chmodSync(dirname(stateDir), 0o755);
      if (user.uid !== undefined) chownSync(stateDir, NOBODY.uid, NOBODY.gid);
      const mirror = await TcpServer.start((socket) => socket.pipe(socket));
      t.after(() => mirror.stop());

      const flags = { engine: 'epoll', ...(splice && { splice: 'true' }) };
      const proxy = await startProxyProcess(t, [replica.address], stateDir, flags, { ...user, cwd: '/' });
      assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, mirror.address))), null);
      await answers(`http://${proxy.admin}/readyz`);
      assert.equal(await askOnce(port), 'hello');
      if (user.uid !== undefined) assert.equal(statSync(`/proc/${proxy.pid}`).uid, NOBODY.uid);

      const client = await dial(port);
      const received = readAll(client);
      const bulk = randomBytes(BULK_BYTES);
      client.end(bulk);
      const { how, sha256 } = await within('the bulk and its echo', received, 60_000);
      assert.deepEqual([how, sha256], ['end', createHash('sha256').update(bulk).digest('hex')]);
      assert.equal((await proxy.stop()).code, 0);
    });
  });
