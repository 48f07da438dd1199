/** A real proxy process that stands still (SIGSTOP) for longer than its timeouts, while its clients go on. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import { proxySurroundings, readMetric, startProxyProcess } from '../../../harness/programs/proxy-process.ts';
import { ask, dial, mirror, pause, TcpServer, within } from '../../../harness/engine/tcp.ts';
import * as make from '../../../harness/snapshots.ts';

/** More than one wait for events returns, in each of two workers. */
const CLIENTS = 700;
const WORDS = 'still here';

/** What comes back until it is as long as what was said; or how the socket ended before that. */
function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
      if (got.length >= WORDS.length) resolve(got);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
  });
}

/** A proxy with an idle timeout, and clients that have spoken within half of it: the slower the machine, the longer it is. */
async function proxyWithClients(t: TestContext, engine: string) {
  const { replica, port, stateDir } = await proxySurroundings(t);
  const backend = await TcpServer.start(mirror);
  t.after(() => backend.stop());
  const proxy = await startProxyProcess(t, [replica.address], stateDir, { engine });
  for (let idleMs = 1_500; ; idleMs *= 2) {
    const healthCheck = { ...POLICY_DEFAULTS.healthCheck, type: 'none' } as const;
    const resources = [
      make.policy('p', { healthCheck, timeouts: { idleMs, halfClosedMs: idleMs } }),
      make.pool('web', 'p'),
      make.listener('web', `127.0.0.1:${port}`, 'web'),
      make.backend('web', backend.address),
    ];
    assert.equal(await replica.answerTo(replica.publish(make.snapshot(idleMs, ...resources))), null);
    const startMs = performance.now();
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => dial(port)));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const isInTime = await Promise.all(sockets.map((socket) => ask(socket, 'hi'))).then(
      () => performance.now() - startMs < idleMs / 2,
      () => false,
    );
    if (isInTime) return { proxy, sockets, idleMs };
    for (const socket of sockets) socket.destroy();
  }
}

describe('a proxy that stood still for longer than its idle timeout', () => {
  for (const engine of ['epoll', 'portable'] as const) {
    it(`resets no connection whose client has spoken meanwhile, ${engine} engine`, async (t) => {
      const { proxy, sockets, idleMs } = await proxyWithClients(t, engine);
      proxy.signal('SIGSTOP');
      const answers = sockets.map(answerOf);
      // Half of them end as well: the limit for half-closed connections counts too.
      for (const [index, socket] of sockets.entries()) {
        if (index % 2 === 0) socket.end(WORDS);
        else socket.write(WORDS);
      }
      await pause(idleMs + 500);
      proxy.signal('SIGCONT');
      const others = (await within('the answers', Promise.all(answers))).filter((text) => text !== WORDS);
      assert.deepEqual(others.slice(0, 5), [], `${others.length} of ${CLIENTS}`);
      const timedOut = 'lb_connections_closed_total{reason="half_closed_timeout"}';
      assert.equal(await readMetric(proxy.admin, timedOut), 0);
    });
  }
});
