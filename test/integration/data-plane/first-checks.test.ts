/** Real proxies with a pool that refuses while nothing is healthy: no client comes before its first checks are over. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import { freePort } from '../../../harness/free-port.ts';
import { pause, TcpServer } from '../../../harness/engine/tcp.ts';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  readMetric,
  startProxyProcess,
} from '../../../harness/programs/proxy-process.ts';
import * as make from '../../../harness/snapshots.ts';

/** The answers to health checks come this late: time enough for clients to come in before. */
const ANSWER_MS = 300;

/** What answers health checks, late. */
async function lateAnswers(
  t: TestContext,
): Promise<{ readonly port: number; readonly answered: () => number }> {
  let answered = 0;
  const answer = (socket: Socket) => {
    answered += 1;
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  };
  const server = await TcpServer.start((socket) => {
    socket.resume().once('data', () => void setTimeout(answer, ANSWER_MS, socket));
  });
  t.after(() => server.stop());
  return { port: server.port, answered: () => answered };
}

/** A pool by each of these names, behind a listener. */
function refusing(
  revision: number,
  check: number,
  backend: string,
  listeners: Record<string, number>,
): Snapshot {
  const http = { method: 'GET', path: '/', host: '', status: ['200'], body: '' };
  const healthCheck = {
    ...POLICY_DEFAULTS.healthCheck,
    type: 'http',
    intervalMs: 60_000,
    port: check,
    http,
  } as const;
  const resources = Object.entries(listeners).flatMap(([name, port]) => [
    make.pool(name, 'role'),
    make.listener(name, `127.0.0.1:${port}`, name),
    make.backend(name, backend),
  ]);
  return make.snapshot(revision, make.policy('role', { healthCheck }), ...resources);
}

describe('a pool that refuses while nothing is healthy', () => {
  it('resets no client when one of two proxies that share its listener is started again', async (t) => {
    const { replica, echo, port, stateDir } = await proxySurroundings(t);
    const check = await lateAnswers(t);
    const flags = { 'share-listeners': 'true' };
    const otherDir = join(temporaryFolder(t), 'state');
    const start = () =>
      startProxyProcess(t, [replica.address], otherDir, {
        ...flags,
        'proxy-id': 'p2',
        'drain-timeout': '0s',
      });
    const isReady = async (admin: string) => (await fetch(`http://${admin}/readyz`)).ok || undefined;
    replica.publish(refusing(1, check.port, echo.address, { web: port }));
    const proxies = [await startProxyProcess(t, [replica.address], stateDir, flags), await start()];
    for (const { admin } of proxies) await eventually(() => isReady(admin), 'a proxy to be ready');
    proxies[1]?.signal('SIGTERM');
    await proxies[1]?.ended;

    const answers = new Map<string, number>();
    const over = new AbortController();
    const traffic = async () => {
      while (!over.signal.aborted) {
        const answer = await askOnce(port).catch(String);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        await pause(2);
      }
    };
    const clients = Array.from({ length: 4 }, traffic);
    const answeredBefore = check.answered();
    const again = await start();
    await eventually(() => isReady(again.admin), 'the new one to be ready');
    const answeredWhenReady = check.answered();
    const accepted = 'lb_listener_connections_total{listener="web"}';
    await eventually(
      async () => ((await readMetric(again.admin, accepted)) ?? 0) > 20 || undefined,
      'clients',
    );
    over.abort();
    await Promise.all(clients);
    assert.deepEqual([...answers.keys()], ['one:hello']);
    assert.ok(answeredWhenReady > answeredBefore, 'it was not ready before its first check');
  });

  for (const engine of ['epoll', 'portable']) {
    it(`is acknowledged behind a new listener when that serves, ${engine} engine`, async (t) => {
      const { replica, echo, port, stateDir } = await proxySurroundings(t);
      const check = await lateAnswers(t);
      await startProxyProcess(t, [replica.address], stateDir, { engine });
      const listeners = { one: port, two: await freePort() };
      for (const revision of [1, 2]) {
        const some = Object.fromEntries(Object.entries(listeners).slice(0, revision));
        const snapshot = refusing(revision, check.port, echo.address, some);
        assert.equal(await replica.answerTo(replica.publish(snapshot)), null);
        for (const each of Object.values(some)) assert.equal(await askOnce(each), 'one:hello');
      }
    });
  }
});
