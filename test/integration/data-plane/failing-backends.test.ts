/** A real proxy process in front of backends that fail in ways that connecting to them does not show. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import type { Policy } from '../../../core/model/resources.ts';
import { freePort } from '../../../harness/free-port.ts';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';
import { proxySurroundings, readMetric, startProxyProcess } from '../../../harness/programs/proxy-process.ts';
import * as make from '../../../harness/snapshots.ts';
import { ask, dial, readAll, startEcho, TcpServer, until, within } from '../../../harness/engine/tcp.ts';

const ENGINES = ['epoll', 'portable'] as const;
const HEALTH_CHECK = {
  ...POLICY_DEFAULTS.healthCheck,
  intervalMs: 200,
  timeoutMs: 200,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
} as const;

interface Service {
  readonly policy: Partial<Policy>;
  readonly backends: readonly string[];
}

/** A proxy with these services by name, whose backends were all checked once. Returns their ports, and how to ask. */
async function proxyWith<Name extends string>(
  t: TestContext,
  engine: string,
  services: Readonly<Record<Name, Service>>,
) {
  const { replica, stateDir } = await proxySurroundings(t);
  const log = join(temporaryFolder(t), 'connections.log');
  const proxy = await startProxyProcess(t, [replica.address], stateDir, { engine, 'connection-log': log });
  const names = Object.keys(services) as Name[];
  const ports = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await freePort()] as const)),
  ) as Record<Name, number>;
  const resources = names.flatMap((name) => [
    make.policy(name, { healthCheck: HEALTH_CHECK, ...services[name].policy }),
    make.pool(name, name),
    make.listener(name, `127.0.0.1:${ports[name]}`, name),
    ...services[name].backends.map((address) => make.backend(name, address)),
  ]);
  assert.equal(await replica.answerTo(replica.publish(make.snapshot(1, ...resources))), null);
  const metric = async (name: string) => (await readMetric(proxy.admin, name)) ?? 0;
  const untilMetric = (name: string, value: number) =>
    eventually(async () => ((await metric(name)) === value ? true : undefined), `${name} ${value}`);
  for (const name of names) await untilMetric(`lb_pool_backends{pool="${name}",health="unknown"}`, 0);
  const client = async (name: Name): Promise<Socket> => {
    const socket = await dial(ports[name]);
    t.after(() => void socket.destroy());
    return socket;
  };
  const reasons = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { reason: string; why: string });
  return { client, metric, untilMetric, reasons, port: ports };
}

async function server(t: TestContext, serve: (socket: Socket) => void): Promise<TcpServer> {
  const started = await TcpServer.start(serve);
  t.after(() => started.stop());
  return started;
}

const closedFor = (reason: string) => `lb_connections_closed_total{reason="${reason}"}`;

for (const engine of ENGINES) {
  describe(`a backend whose checks fail, ${engine} engine`, () => {
    it('loses its connections, whatever they are doing, where the policy says so', async (t) => {
      // It takes connections, and never reads or answers. Its checks go to another port.
      const gone = await server(t, () => {});
      const checked = await server(t, (socket) => void socket.destroy());
      const healthCheck = { ...HEALTH_CHECK, port: checked.port };
      const { client, metric, untilMetric, reasons } = await proxyWith(t, engine, {
        closes: { policy: { healthCheck, onUnhealthy: 'close' }, backends: [gone.address] },
        keeps: { policy: { healthCheck }, backends: [gone.address] },
      });
      const kept = await client('keeps');
      const clients = await Promise.all(Array.from({ length: 7 }, () => client('closes')));
      for (const socket of clients.slice(0, 5)) socket.write('a question');
      clients[5]?.end('half-closed');
      clients[6]?.write(Buffer.alloc(16 << 20));
      await until('all to arrive', () => gone.sockets.length === 8);
      const resets = clients.map((socket) => readAll(socket));
      checked.stop();
      for (const { how } of await within('the resets', Promise.all(resets))) assert.notEqual(how, 'end');
      await untilMetric(closedFor('backend_down'), 7);
      assert.equal(await metric('lb_listener_connections_active{listener="keeps"}'), 1);
      assert.ok(!kept.closed);
      const why = 'its backend failed its checks, and the policy closes its connections then';
      const lines = await eventually(async () => (reasons().length === 7 ? reasons() : undefined), '7 lines');
      for (const line of lines) assert.deepEqual([line.reason, line.why], ['backend_down', why]);
    });

    it('leaves clients that are reset at once where the pool refuses then', async (t) => {
      const good = await startEcho('good');
      t.after(() => good.stop());
      const healthCheck = { ...HEALTH_CHECK, port: await freePort() };
      const { port, untilMetric, metric, reasons } = await proxyWith(t, engine, {
        primary: { policy: { healthCheck, whenNoneHealthy: 'refuse' }, backends: [good.address] },
      });
      // The reset may come before the client knows that it was connected.
      const ended = await dial(port.primary).then(readAll, ({ code }) => ({ how: code as string }));
      assert.equal(ended.how, 'ECONNRESET');
      await untilMetric(closedFor('no_backend'), 1);
      assert.deepEqual([good.sockets.length, await metric(closedFor('connect_failed'))], [0, 0]);
      const [line] = await eventually(async () => (reasons().length === 1 ? reasons() : undefined), 'a line');
      assert.deepEqual(Object.values({ ...line }).includes('no_backend'), true);
      assert.match(line?.why ?? '', /none passes the check and the pool refuses/);
    });
  });

  describe(`a backend that accepts and resets, ${engine} engine`, () => {
    it('gets few clients though it always has the fewest connections', async (t) => {
      const bad = await server(t, (socket) => {
        // Its checks end without a word; a client speaks first.
        socket.resume().once('data', () => socket.resetAndDestroy());
      });
      const echoes = await Promise.all(['one', 'two'].map((name) => startEcho(name)));
      for (const echo of echoes) t.after(() => echo.stop());
      const { client, metric } = await proxyWith(t, engine, {
        web: {
          policy: { strategy: 'least_connections' },
          backends: [bad.address, ...echoes.map(({ address }) => address)],
        },
      });
      let failed = 0;
      for (let n = 0; n < 60; n++) {
        const answer = await ask(await client('web'), 'hi').catch(String);
        if (!answer.endsWith(':hi')) failed += 1;
      }
      // Of the two workers each must have seen an answer of another backend itself, and the kernel spreads the clients.
      assert.ok(failed >= 3 && failed <= 20, `${failed} of 60 clients met it`);
      const labels = `{pool="web",backend="${bad.address}"}`;
      assert.equal(await metric(`lb_backend_early_closes_total${labels}`), failed);
    });

    it('is not what a port scanner, or a client that hangs up, makes of a good one', async (t) => {
      const good = await startEcho('good');
      const other = await startEcho('other');
      for (const echo of [good, other]) t.after(() => echo.stop());
      const { port, metric, untilMetric } = await proxyWith(t, engine, {
        web: { policy: {}, backends: [good.address, other.address] },
      });
      for (let n = 0; n < 30; n++) {
        const socket = await dial(port.web);
        socket.on('error', () => {});
        if (n % 3 === 0) socket.resetAndDestroy();
        else if (n % 3 === 1) socket.destroy();
        else socket.resume().end('hi');
      }
      await untilMetric('lb_listener_connections_active{listener="web"}', 0);
      for (const { address } of [good, other])
        assert.equal(await metric(`lb_backend_early_closes_total{pool="web",backend="${address}"}`), 0);
      assert.equal(await metric('lb_pool_backends{pool="web",health="healthy"}'), 2);
    });
  });

  it(`a connection ends when its lifetime is over, ${engine} engine`, async (t) => {
    const good = await startEcho('good');
    t.after(() => good.stop());
    const { client, untilMetric } = await proxyWith(t, engine, {
      web: { policy: { maxLifetimeMs: 1_000 }, backends: [good.address] },
    });
    const socket = await client('web');
    assert.equal(await ask(socket, 'hi'), 'good:hi');
    assert.equal((await within('the reset', readAll(socket))).how, 'ECONNRESET');
    await untilMetric(closedFor('lifetime'), 1);
  });
}
