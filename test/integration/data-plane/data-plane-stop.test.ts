/** How a real proxy process stops, with connections open. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answers } from '../../../harness/programs/fleet.ts';
import { eventually, type Scope } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  startProxyProcess,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import { ask, dial, readAll, within } from '../../../harness/engine/tcp.ts';
import { byRunLength } from '../../../harness/run-length.ts';

const KILLS = byRunLength(4, 40);

async function serving(scope: Scope, flags: Readonly<Record<string, string>>) {
  const { replica, echo, port, stateDir } = await proxySurroundings(scope);
  const proxy = await startProxyProcess(scope, [replica.address], stateDir, flags);
  assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, echo.address))), null);
  await answers(`http://${proxy.admin}/readyz`);
  const client = await dial(port);
  assert.equal(await ask(client, 'before'), 'one:before');
  return { replica, port, proxy, client };
}

describe('a proxy that is told to stop', () => {
  // What the engines do of it is in their contract: that each of them is told is shown with one signal each.
  for (const [engine, signal] of [
    ['epoll', 'SIGTERM'],
    ['portable', 'SIGINT'],
  ] as const) {
    it(`accepts nothing more after ${signal}, serves the open connection to its end, says goodbye and exits 0, ${engine} engine`, async (t) => {
      const { replica, port, proxy, client } = await serving(t, { engine, 'drain-timeout': '60s' });
      proxy.signal(signal);
      await proxy.line((line) => (line.includes('waiting for open connections') ? true : undefined), 'drain');
      // The workers hear of it a moment later.
      await eventually(async () => {
        const refused = await dial(port).then(
          (socket) => void socket.destroy(),
          (error: NodeJS.ErrnoException) => error.code,
        );
        return refused === 'ECONNREFUSED' ? true : undefined;
      }, 'connections to be refused');
      assert.equal(await ask(client, 'after'), 'one:after');
      const received = readAll(client);
      client.end();
      assert.equal((await received).how, 'end');
      assert.equal((await within('the exit', proxy.ended)).code, 0);
      await eventually(async () => replica.reports.at(-1)?.stopping || undefined, 'the goodbye');
    });
  }

  it('resets what is left when the drain timeout has passed, and still says goodbye', async (t) => {
    const { replica, proxy, client } = await serving(t, { 'drain-timeout': '100ms' });
    const received = readAll(client);
    proxy.signal('SIGTERM');
    assert.equal((await within('the reset', received)).how, 'ECONNRESET');
    assert.equal((await within('the exit', proxy.ended)).code, 0);
    assert.equal(replica.reports.at(-1)?.stopping, true);
  });

  it('is not ready during the shutdown delay, but accepts and takes new configuration', async (t) => {
    const flags = { 'shutdown-delay': '60s', 'drain-timeout': '60s' };
    const { replica, port, proxy, client } = await serving(t, flags);
    proxy.signal('SIGTERM');
    const refusal = await eventually(async () => {
      const response = await fetch(`http://${proxy.admin}/readyz`);
      return response.status === 503 ? response.text() : undefined;
    }, 'not being ready');
    assert.match(refusal, /stopping/);
    assert.equal((await fetch(`http://${proxy.admin}/healthz`)).status, 200);
    assert.equal(await askOnce(port), 'one:hello');
    assert.equal(await ask(client, 'still'), 'one:still');
    assert.equal(await replica.answerTo(replica.publish(webSnapshot(2, port))), null);
  });

  it('lives through SIGHUP, and ends at once at a second signal', async (t) => {
    const { proxy, client } = await serving(t, { 'drain-timeout': '60s', 'log-level': 'debug' });
    proxy.signal('SIGHUP');
    await proxy.line((line) => (line.includes('"SIGHUP"') ? true : undefined), 'the signal');
    assert.equal(await ask(client, 'after'), 'one:after');
    const received = readAll(client);
    proxy.signal('SIGTERM');
    await proxy.line((line) => (line.includes('waiting for open connections') ? true : undefined), 'drain');
    proxy.signal('SIGINT');
    assert.equal((await within('the exit', proxy.ended)).code, 1);
    assert.notEqual((await within('the end of the connection', received)).how, 'timeout');
  });
});

describe('a proxy that is killed', () => {
  it('leaves a state directory behind that the next process starts from, whenever it is killed', async (t) => {
    const { replica, echo, port, stateDir } = await proxySurroundings(t);
    let revision = 0;
    const publishNext = () => {
      revision += 1;
      return replica.publish(webSnapshot(revision, port, echo.address, `127.0.0.1:${1 + revision}`));
    };
    let proxy = await startProxyProcess(t, [replica.address], stateDir);
    for (let round = 0; round < KILLS; round += 1) {
      for (let count = 0; count < 3; count += 1) assert.equal(await replica.answerTo(publishNext()), null);
      const acknowledged = revision;
      // Killed in the middle of taking one more.
      publishNext();
      proxy.signal('SIGKILL');
      await proxy.ended;
      const before = replica.requests.length;
      proxy = await startProxyProcess(t, [replica.address], stateDir);
      const subscribe = await eventually(
        async () =>
          replica.requests.slice(before).find((request) => request.subscribe)?.subscribe ?? undefined,
        'the subscription of the next process',
      );
      assert.ok(Number(subscribe.position?.revision) >= acknowledged, `${subscribe.position?.revision}`);
      assert.ok(!proxy.lines.some((line) => line.includes('ignored')), proxy.lines.join('\n'));
    }
  });
});
