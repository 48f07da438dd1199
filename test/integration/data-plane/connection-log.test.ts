/** Real proxies with a connection log: a line a connection with the right figures, and no traffic that waits for it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  proxySurroundings,
  readMetric,
  startProxyProcess,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import { ask, dial, readAll } from '../../../harness/engine/tcp.ts';

function linesOf(file: string): readonly Record<string, unknown>[] {
  const text = readFileSync(file, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function serving(t: TestContext, log: string, flags: Readonly<Record<string, string>> = {}) {
  const { replica, echo, port, stateDir } = await proxySurroundings(t);
  const all = { 'connection-log': log, ...flags };
  const proxy = await startProxyProcess(t, [replica.address], stateDir, all);
  assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, echo.address))), null);
  return { echo, port, proxy };
}

describe('the connection log of a proxy', () => {
  it('has a line for a connection, with its figures', async (t) => {
    const file = join(temporaryFolder(t), 'connections.log');
    const { echo, port } = await serving(t, file);
    const good = await dial(port);
    const goodPort = good.localPort;
    assert.equal(await ask(good, 'hello'), 'one:hello');
    const ended = readAll(good);
    good.end();
    await ended;
    const line = await eventually(async () => linesOf(file)[0], 'the line');
    const { connect_ms, duration_ms, first_byte_ms, bytes_from_client, bytes_to_client } = line;
    const { client, pool, backend, attempts, reason, why } = line;
    assert.ok(typeof connect_ms === 'number' && typeof first_byte_ms === 'number');
    assert.ok(connect_ms >= 0 && connect_ms <= first_byte_ms && first_byte_ms <= Number(duration_ms));
    assert.deepEqual(
      [client, pool, backend, attempts, reason, why],
      [`127.0.0.1:${goodPort}`, 'web', echo.address, 1, 'completed', 'both sides ended in order'],
    );
    assert.deepEqual([bytes_from_client, bytes_to_client], ['hello'.length, 'one:hello'.length]);
  });

  it('goes on in a new file on SIGHUP', async (t) => {
    const file = join(temporaryFolder(t), 'connections.log');
    const { port, proxy } = await serving(t, file);
    await askOnce(port);
    await eventually(async () => (linesOf(file).length === 1 ? true : undefined), 'the first line');
    renameSync(file, `${file}.1`);
    proxy.signal('SIGHUP');
    await proxy.line(
      (line) =>
        line.includes('reopened the connection log') && line.includes(`"file":"${file}"`) ? true : undefined,
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
