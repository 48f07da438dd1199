/** How a real proxy process stops, with connections open. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Engine } from '../../../data-plane/engine/engine.ts';
import { answers } from '../../../harness/programs/fleet.ts';
import { eventually, type Scope } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  startProxyProcess,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import { ask, dial, readAll, within } from '../../../harness/engine/tcp.ts';
import { ENGINES } from '../../../harness/worker/traffic-rig.ts';

async function servingWith(engine: Engine['name'], scope: Scope, flags: Readonly<Record<string, string>>) {
  const { replica, echo, port, stateDir } = await proxySurroundings(scope);
  const proxy = await startProxyProcess(scope, [replica.address], stateDir, { engine, ...flags });
  assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, echo.address))), null);
  await answers(`http://${proxy.admin}/readyz`);
  const client = await dial(port);
  assert.equal(await ask(client, 'before'), 'one:before');
  return { replica, port, proxy, client };
}

for (const engine of ENGINES)
  describe(`a proxy that is told to stop, ${engine} engine`, () => {
    const serving = (scope: Scope, flags: Readonly<Record<string, string>>) =>
      servingWith(engine, scope, flags);

    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`accepts nothing more after ${signal}, serves the open connection to its end, says goodbye and exits 0`, async (t) => {
        const { replica, port, proxy, client } = await serving(t, { 'drain-timeout': '60s' });
        proxy.signal(signal);
        await proxy.line(
          (line) => (line.includes('waiting for open connections') ? true : undefined),
          'drain',
        );
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
        const { code } = await within('the exit', proxy.ended);
        assert.equal(code, 0);
        const last = await eventually(
          async () => (replica.reports.at(-1)?.stopping === true ? replica.reports.at(-1) : undefined),
          'the goodbye',
        );
        assert.equal(last?.stopping, true);
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

    it('is not ready, but accepts, during the shutdown delay', async (t) => {
      const { port, proxy, client } = await serving(t, { 'shutdown-delay': '60s', 'drain-timeout': '60s' });
      proxy.signal('SIGTERM');
      const refusal = await eventually(async () => {
        const response = await fetch(`http://${proxy.admin}/readyz`);
        return response.status === 503 ? response.text() : undefined;
      }, 'not being ready');
      assert.match(refusal, /stopping/);
      assert.equal((await fetch(`http://${proxy.admin}/healthz`)).status, 200);
      assert.equal(await askOnce(port), 'one:hello');
      assert.equal(await ask(client, 'still'), 'one:still');
    });

    it('takes new configuration during the shutdown delay', async (t) => {
      const { replica, port, proxy } = await serving(t, { 'shutdown-delay': '60s' });
      proxy.signal('SIGTERM');
      await proxy.line((line) => (line.includes('no longer ready') ? true : undefined), 'the delay');
      assert.equal(await replica.answerTo(replica.publish(webSnapshot(2, port))), null);
    });

    it('ends at once at a second signal', async (t) => {
      const { proxy, client } = await serving(t, { 'drain-timeout': '60s' });
      const received = readAll(client);
      proxy.signal('SIGTERM');
      await proxy.line((line) => (line.includes('waiting for open connections') ? true : undefined), 'drain');
      proxy.signal('SIGINT');
      const { code } = await within('the exit', proxy.ended);
      assert.equal(code, 1);
      assert.notEqual((await within('the end of the connection', received)).how, 'timeout');
    });
  });

describe('a proxy with nothing to read again', () => {
  it('lives through SIGHUP, with its connections', async (t) => {
    const { proxy, client } = await servingWith('epoll', t, { 'log-level': 'debug' });
    proxy.signal('SIGHUP');
    await proxy.line((line) => (line.includes('"SIGHUP"') ? true : undefined), 'the signal');
    assert.equal(await ask(client, 'after'), 'one:after');
    client.destroy();
  });
});

describe('a proxy that is killed', () => {
  it('leaves a state directory behind that the next process starts from, whenever it is killed', async (t) => {
    const { replica, echo, port, stateDir } = await proxySurroundings(t);
    let revision = 0;
    for (let round = 0; round < 5; round += 1) {
      const proxy = await startProxyProcess(t, [replica.address], stateDir);
      for (let count = 0; count < 3; count += 1) {
        revision += 1;
        const spare = `127.0.0.1:${1 + revision}`;
        const nonce = replica.publish(webSnapshot(revision, port, echo.address, spare));
        assert.equal(await replica.answerTo(nonce), null);
      }
      const acknowledged = revision;
      // Killed in the middle of taking one more.
      revision += 1;
      replica.publish(webSnapshot(revision, port, echo.address, `127.0.0.1:${1 + revision}`));
      proxy.signal('SIGKILL');
      await proxy.ended;
      const before = replica.requests.length;
      const next = await startProxyProcess(t, [replica.address], stateDir);
      const subscribe = await eventually(
        async () =>
          replica.requests.slice(before).find((request) => request.subscribe)?.subscribe ?? undefined,
        'the subscription of the next process',
      );
      assert.ok(Number(subscribe.position?.revision) >= acknowledged, `${subscribe.position?.revision}`);
      next.signal('SIGKILL');
      await next.ended;
      assert.ok(!next.lines.some((line) => line.includes('ignored')), next.lines.join('\n'));
    }
  });
});
