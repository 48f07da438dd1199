/** A real proxy process in front of backends that are there and say nothing. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import type { Policy, Resource } from '../../../core/model/resources.ts';
import { portReuseAdvice, readNetworkSetting } from '../../../data-plane/host/kernel-settings.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import {
  type ProxyProcess,
  proxySurroundings,
  readMetric,
  startProxyProcess,
} from '../../../harness/programs/proxy-process.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';
import * as make from '../../../harness/snapshots.ts';
import { ask, dial, readAll, startEcho, TcpServer, until, within } from '../../../harness/engine/tcp.ts';

/** Not checked, so that what only connecting finds out is found out by connecting. */
const NO_CHECKS: Partial<Policy> = {
  strategy: 'round_robin',
  healthCheck: {
    type: 'none',
    intervalMs: 1_000,
    timeoutMs: 1_000,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
  },
};

const QUESTION = 'a question';

async function proxyWith(t: TestContext, ...all: readonly Resource[]): Promise<ProxyProcess> {
  const { replica, stateDir } = await proxySurroundings(t);
  const proxy = await startProxyProcess(t, [replica.address], stateDir);
  assert.equal(await replica.answerTo(replica.publish(make.snapshot(1, ...all))), null);
  return proxy;
}

/** A pool of these backends behind a listener of the same name, under these policies. */
function service(name: string, port: number, policy: Partial<Policy>, ...backends: readonly string[]) {
  return [
    make.policy(name, { ...NO_CHECKS, ...policy }),
    make.pool(name, name),
    make.listener(name, `127.0.0.1:${port}`, name),
    ...backends.map((address) => make.backend(name, address)),
  ];
}

/** Accepts, reads and never answers. */
async function startDeaf(t: TestContext): Promise<TcpServer> {
  const server = await TcpServer.start((socket) => void socket.resume());
  t.after(() => server.stop());
  return server;
}

/** Its queue is full: the kernel drops what knocks. Returns its address. */
async function startFull(t: TestContext): Promise<string> {
  const { host, port, close } = await silentServer();
  t.after(close);
  return `${host}:${port}`;
}

async function client(t: TestContext, port: number): Promise<Socket> {
  const socket = await dial(port);
  t.after(() => void socket.destroy());
  return socket;
}

async function asking(t: TestContext, port: number): Promise<Socket> {
  const socket = await client(t, port);
  socket.write(QUESTION);
  return socket;
}

const closed = ({ admin }: ProxyProcess, reason: string): Promise<number | undefined> =>
  readMetric(admin, `lb_connections_closed_total{reason="${reason}"}`);

/** Resolves when so many were closed for a reason: clients may see it a moment before it is counted. */
const untilClosed = (proxy: ProxyProcess, reason: string, count: number): Promise<boolean> =>
  eventually(
    async () => ((await closed(proxy, reason)) === count ? true : undefined),
    `${count} closed with ${reason}`,
  );

const failures = async ({ admin }: ProxyProcess, pool: string, backend: string): Promise<number> =>
  (await readMetric(admin, `lb_backend_connect_failures_total{pool="${pool}",backend="${backend}"}`)) ?? 0;

const active = ({ admin }: ProxyProcess, listener: string): Promise<number | undefined> =>
  readMetric(admin, `lb_listener_connections_active{listener="${listener}"}`);

describe('a proxy in front of a backend that accepts and never answers', () => {
  it('keeps connections open until the idle timeout, and then closes both sides and counts why', async (t) => {
    const [deaf, other] = [await startDeaf(t), await startDeaf(t)];
    const [port, patientPort] = [await freePort(), await freePort()];
    const timeouts = { idleMs: 2_000, halfClosedMs: 60_000 };
    const proxy = await proxyWith(
      t,
      ...service('web', port, { timeouts }, deaf.address),
      ...service('patient', patientPort, {}, other.address),
    );
    await Promise.all(Array.from({ length: 10 }, () => asking(t, patientPort)));
    await until('the patient ones to arrive', () => other.sockets.length === 10);
    const clients = await Promise.all(Array.from({ length: 10 }, () => asking(t, port)));
    const received = clients.map(readAll);
    await until('all to arrive', () => deaf.sockets.length === 10);
    const hangUps = deaf.sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));

    for (const { bytes, how } of await within('the clients to be closed', Promise.all(received))) {
      assert.deepEqual({ bytes, how }, { bytes: 0, how: 'ECONNRESET' });
    }
    await within('the backend to be closed', Promise.all(hangUps));
    for (const { bytesRead } of deaf.sockets) assert.equal(bytesRead, QUESTION.length);
    await untilClosed(proxy, 'idle_timeout', 10);
    assert.equal(await closed(proxy, 'backend_reset'), 0);
    assert.equal(await active(proxy, 'web'), 0);
    assert.equal(await active(proxy, 'patient'), 10, 'those that may be idle for longer are open');
    assert.ok(other.sockets.every((socket) => !socket.destroyed));
  });
});

describe('a proxy in front of a backend whose queue is full', () => {
  const connect = { timeoutMs: 500, retries: 2 };

  it('tries another backend after the connect timeout, counts the failure, and the client never sees it', async (t) => {
    const good = await startEcho('good');
    t.after(() => good.stop());
    const [full, port] = [await startFull(t), await freePort()];
    const proxy = await proxyWith(t, ...service('web', port, { connect }, full, good.address));
    const sockets = await Promise.all(Array.from({ length: 12 }, () => client(t, port)));
    const answers = await Promise.all(sockets.map((socket) => ask(socket, 'hi')));
    assert.deepEqual(new Set(answers), new Set(['good:hi']));
    const failed = await failures(proxy, 'web', full);
    assert.ok(failed > 0 && failed <= 12, `${failed} of 12 were sent to the full one first`);
    assert.equal(await failures(proxy, 'web', good.address), 0);
    for (const reason of ['connect_failed', 'no_backend', 'internal_error']) {
      assert.equal(await closed(proxy, reason), 0, reason);
    }
    for (const socket of sockets) socket.end();
    await untilClosed(proxy, 'completed', 12);
  });

  it('resets the client when there is no other one, after every attempt, and counts why', async (t) => {
    const [full, port] = [await startFull(t), await freePort()];
    const proxy = await proxyWith(t, ...service('web', port, { connect }, full));
    const socket = await client(t, port);
    socket.write('hi');
    assert.equal((await within('the reset', readAll(socket))).how, 'ECONNRESET');
    await untilClosed(proxy, 'connect_failed', 1);
    assert.equal(await failures(proxy, 'web', full), 3);
  });
});

describe('a proxy that starts', () => {
  it('says once what this host does with local ports in TIME_WAIT, when it is worth knowing', async (t) => {
    const { lines } = await proxyWith(t);
    const said = lines.filter((line) => line.includes('tcp_tw_reuse'));
    const advice = portReuseAdvice(readNetworkSetting('tcp_tw_reuse'));
    assert.equal(said.length, advice ? 1 : 0, lines.join('\n'));
    for (const line of said) assert.ok(line.includes(`"level":"${advice?.level}"`), line);
  });
});
