/** The limit of a backend and the queue behind it, of a real proxy process and of HAProxy's `maxconn`: the same probes. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { dial, either, startEcho, type TcpServer, until, within } from '../../../harness/engine/tcp.ts';
import { freePort } from '../../../harness/free-port.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import {
  proxySurroundings,
  readMetric,
  startProxyProcess,
  webResources,
} from '../../../harness/programs/proxy-process.ts';
import { present, startHaproxy } from '../../../harness/programs/real-servers.ts';
import * as make from '../../../harness/snapshots.ts';

const LIMIT = 2;

interface Front {
  readonly port: number;
  readonly server: TcpServer;
  /** Resolves when so many wait; only Equipoise can be asked. */
  waiting?(count: number): Promise<unknown>;
}

const SYSTEMS = {
  async equipoise(t: TestContext, timeoutMs: number): Promise<Front> {
    const { echo: server, port, replica, stateDir } = await proxySurroundings(t);
    // With one worker there is one line.
    const flags = { engine: 'epoll', workers: '1' };
    const { admin } = await startProxyProcess(t, [replica.address], stateDir, flags);
    const resources = [
      ...webResources(port).filter(({ kind }) => kind !== 'pool'),
      make.pool('web', 'unchecked', { queue: { length: 10, timeoutMs } }),
      make.backend('web', server.address, 1, 'active', 0, { maxConnections: LIMIT }),
    ];
    assert.equal(await replica.answerTo(replica.publish(make.snapshot(1, ...resources))), null);
    const name = 'lb_queue_connections{pool="web"}';
    const waiting = (count: number) =>
      eventually(
        async () => ((await readMetric(admin, name)) === count ? true : undefined),
        `${count} to wait`,
      );
    return { port, server, waiting };
  },
  async haproxy(t: TestContext, timeoutMs: number): Promise<Front> {
    const server = await startEcho('one');
    t.after(() => server.stop());
    const port = await freePort();
    const limited = `timeout queue ${timeoutMs}ms\n  server one ${server.address} maxconn ${LIMIT}`;
    await startHaproxy(t, `listen web\n  bind 127.0.0.1:${port} process 1/1\n  mode tcp\n  ${limited}`, port);
    return { port, server };
  },
};

/** How many have asked the server. Whoever looks whether HAProxy listens has not. */
const asked = ({ sockets }: TcpServer): number => sockets.filter(({ bytesRead }) => bytesRead > 0).length;

/** One that asks at once, and keeps its connection. */
async function client(t: TestContext, port: number): Promise<{ readonly socket: Socket; text: string }> {
  const socket = await dial(port);
  t.after(() => socket.destroy());
  const one = { socket, text: '' };
  socket.on('data', (chunk: Buffer) => {
    one.text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.write('hi');
  return one;
}

for (const [name, start] of Object.entries(SYSTEMS)) {
  describe(`a backend with a limit behind ${name}`, () => {
    it('never has more connections, and gives each place to the one that has waited for the longest', async (t) => {
      if (!present(t, 'haproxy')) return;
      const { port, server, waiting } = await start(t, 60_000);
      const all: Awaited<ReturnType<typeof client>>[] = [];
      for (let count = 1; count <= 6; count++) {
        all.push(await client(t, port));
        if (count <= LIMIT) await until('it is served', () => all.at(-1)?.text === 'one:hi');
        else await waiting?.(count - LIMIT);
      }
      // It waits no longer, and takes no place.
      all[3]?.socket.resetAndDestroy();
      await waiting?.(3);
      const line = all.filter((_, index) => index !== 3);
      for (const [index, { socket, text }] of line.entries()) {
        assert.notEqual(text, '', `client ${index} waits though a place is free`);
        const served = line.filter((each) => each.text !== '');
        assert.ok(served.length <= index + LIMIT);
        socket.destroy();
        const next = line[index + LIMIT];
        if (next) await until('the next one is served', () => next.text === 'one:hi');
      }
      assert.equal(asked(server), line.length);
    });

    it('ends who waits for longer than the timeout, and never saw the backend', async (t) => {
      if (!present(t, 'haproxy')) return;
      const { port, server } = await start(t, 300);
      for (let count = 0; count < LIMIT; count++) await client(t, port);
      await until('both are served', () => asked(server) === LIMIT);
      const late = await client(t, port);
      // HAProxy ends it in order, Equipoise resets it.
      await within('its end', either(late.socket, 'end'));
      assert.equal(late.text, '');
      assert.equal(asked(server), LIMIT);
    });
  });
}
