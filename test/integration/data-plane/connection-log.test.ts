/** Real proxies with a connection log: a line a connection with the right figures, and no traffic that waits for it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { openSync, readFileSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Resource } from '../../../core/model/resources.ts';
import { eventually, freePort, temporaryFolder } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  readMetric,
  startProxyProcess,
  webResources,
} from '../../../harness/programs/proxy-process.ts';
import * as make from '../../../harness/snapshots.ts';
import { ask, dial, readAll, TcpServer } from '../../../harness/engine/tcp.ts';

interface Line {
  readonly connection: string;
  readonly listener: string;
  readonly pool: string | null;
  readonly backend: string | null;
  readonly client: string;
  readonly attempts: number;
  readonly connect_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly duration_ms: number;
  readonly bytes_from_client: number;
  readonly bytes_to_client: number;
  readonly reason: string;
  readonly why: string;
}

function linesOf(file: string): readonly Line[] {
  const text = readFileSync(file, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

async function serving(
  t: TestContext,
  log: string,
  flags: Readonly<Record<string, string>> = {},
  more: readonly Resource[] = [],
) {
  const { replica, echo, port, stateDir } = await proxySurroundings(t);
  const all = { 'connection-log': log, ...flags };
  const proxy = await startProxyProcess(t, [replica.address], stateDir, all);
  const snapshot = make.snapshot(1, ...webResources(port, echo.address), ...more);
  assert.equal(await replica.answerTo(replica.publish(snapshot)), null);
  return { replica, echo, port, proxy };
}

/** The line of the one connection of a listener. */
function lineOf(file: string, name: string): Promise<Line> {
  return eventually(
    async () => linesOf(file).find(({ listener }) => listener === name),
    `a line of listener ${name}`,
  );
}

/** Is reset, maybe before it knows that it was connected: its own port may never be known. */
function knock(port: number, words = ''): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => resolve());
    if (words) socket.write(words);
    socket.resume();
  });
}

/** Resets each connection at its first byte. */
async function startResetting(t: TestContext): Promise<string> {
  const server = await TcpServer.start((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
    socket.resume();
  });
  t.after(() => server.stop());
  return server.address;
}

describe('the connection log of a proxy', () => {
  it('has a line for each connection, however it ended', async (t) => {
    const file = join(temporaryFolder(t), 'connections.log');
    const [refused, resetting] = [`127.0.0.1:${await freePort()}`, await startResetting(t)];
    const ports = { down: await freePort(), empty: await freePort(), rude: await freePort() };
    const { echo, port } = await serving(t, file, {}, [
      ...['down', 'empty', 'rude'].map((name) => make.pool(name, 'unchecked')),
      ...Object.entries(ports).map(([name, at]) => make.listener(name, `127.0.0.1:${at}`, name)),
      make.backend('down', refused),
      make.backend('rude', resetting),
    ]);

    const good = await dial(port);
    const goodPort = good.localPort;
    assert.equal(await ask(good, 'hello'), 'one:hello');
    const ended = readAll(good);
    good.end();
    await ended;
    const line = await lineOf(file, 'web');
    const { connect_ms, duration_ms, first_byte_ms, ...rest } = line;
    assert.ok(connect_ms !== null && first_byte_ms !== null);
    assert.ok(connect_ms >= 0 && connect_ms <= first_byte_ms && first_byte_ms <= duration_ms);
    assert.deepEqual(
      [rest.client, rest.pool, rest.backend, rest.attempts, rest.reason, rest.why],
      [`127.0.0.1:${goodPort}`, 'web', echo.address, 1, 'completed', 'both directions ended in order'],
    );
    assert.deepEqual([rest.bytes_from_client, rest.bytes_to_client], ['hello'.length, 'one:hello'.length]);

    await knock(ports.down);
    const down = await lineOf(file, 'down');
    assert.deepEqual(
      [down.backend, down.attempts, down.connect_ms, down.first_byte_ms, down.reason],
      [refused, 3, null, null, 'connect_failed'],
    );
    await knock(ports.empty);
    const empty = await lineOf(file, 'empty');
    assert.deepEqual(
      [empty.pool, empty.backend, empty.attempts, empty.reason],
      ['empty', null, 0, 'no_backend'],
    );
    await knock(ports.rude, 'hello');
    const rude = await lineOf(file, 'rude');
    assert.deepEqual(
      [rude.backend, rude.reason, rude.bytes_from_client, rude.bytes_to_client],
      [resetting, 'backend_reset', 5, 0],
    );
    const ids = linesOf(file).map(({ connection }) => connection);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('has lines of connections whose policy asks for them only', async (t) => {
    const file = join(temporaryFolder(t), 'connections.log');
    const quietPort = await freePort();
    const { port, echo } = await serving(t, file, {}, [
      make.policy('quiet', { connectionLog: { oneIn: 0 } }),
      make.pool('quiet', 'quiet'),
      make.listener('quiet', `127.0.0.1:${quietPort}`, 'quiet'),
    ]);
    await askOnce(port).then((answer) => assert.equal(answer, 'one:hello'));
    await knock(quietPort);
    await askOnce(port);
    const lines = await eventually(
      async () => (linesOf(file).length >= 2 ? linesOf(file) : undefined),
      'two lines',
    );
    assert.deepEqual(
      lines.map(({ listener, backend }) => [listener, backend]),
      [
        ['web', echo.address],
        ['web', echo.address],
      ],
    );
  });

  it('goes on in a new file on SIGHUP', async (t) => {
    const file = join(temporaryFolder(t), 'connections.log');
    const { port, proxy } = await serving(t, file);
    await askOnce(port);
    await eventually(async () => (linesOf(file).length === 1 ? true : undefined), 'the first line');
    renameSync(file, `${file}.1`);
    proxy.signal('SIGHUP');
    await proxy.line(
      (line) => (line.includes('reopened the connection log') ? true : undefined),
      'the new file',
    );
    await askOnce(port);
    await eventually(async () => (linesOf(file).length === 1 ? true : undefined), 'the second line');
    assert.equal(linesOf(`${file}.1`).length, 1);
  });

  it('has what ended while the proxy stopped', async (t) => {
    const file = join(temporaryFolder(t), 'connections.log');
    const { port, proxy } = await serving(t, file, { 'drain-timeout': '10ms' });
    const socket = await dial(port);
    assert.equal(await ask(socket, 'hello'), 'one:hello');
    const ended = readAll(socket);
    proxy.signal('SIGTERM');
    await ended;
    assert.equal((await proxy.ended).code, 0);
    assert.deepEqual(
      linesOf(file).map(({ reason }) => reason),
      ['shutdown'],
    );
  });

  it('drops lines for a pipe that nobody reads, and counts them, while connections go on', async (t) => {
    const pipe = join(temporaryFolder(t), 'pipe');
    execFileSync('mkfifo', [pipe]);
    // Open, so that the proxy can open it; never read.
    openSync(pipe, 'r+');
    // Long lines are fewer.
    const { port, proxy } = await serving(t, pipe, { 'proxy-id': 'p'.repeat(250) });
    const dropped = async () =>
      (await readMetric(proxy.admin, 'lb_connection_log_dropped_total{cause="sink_full"}')) ?? 0;
    const rounds = async (): Promise<true | undefined> => {
      for (let round = 0; round < 20; round += 1) {
        const sockets = await Promise.all(Array.from({ length: 50 }, () => dial(port)));
        for (const socket of sockets) socket.resetAndDestroy();
      }
      return (await dropped()) > 0 ? true : undefined;
    };
    await eventually(rounds, 'lines to be dropped', 120_000);
    assert.equal(await askOnce(port), 'one:hello');
    const accepted = await readMetric(proxy.admin, 'lb_listener_connections_total{listener="web"}');
    assert.ok((accepted ?? 0) > (await dropped()));
  });

  it('that cannot be opened is said at the start', async (t) => {
    const { replica, stateDir } = await proxySurroundings(t);
    const flags = { 'connection-log': join(stateDir, 'missing', 'connections.log') };
    await assert.rejects(
      startProxyProcess(t, [replica.address], stateDir, flags),
      /cannot open the connection log/,
    );
  });
});
