/** Routes by name in front of real programs: psql and its servers, openssl, and protocols in which the server speaks first. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Listener, Resource } from '../../../core/model/resources.ts';
import { SIGNATURE } from '../../../data-plane/first-bytes/proxy-header.ts';
import { dial, readAll, type Received, TcpServer, within } from '../../../harness/engine/tcp.ts';
import { buildHello, inRecords } from '../../../harness/client-hello.ts';
import { freePort } from '../../../harness/free-port.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import { eventually, run, temporaryFolder } from '../../../harness/programs/processes.ts';
import { proxySurroundings, startProxyProcess } from '../../../harness/programs/proxy-process.ts';
import { present, programFile, startPostgres } from '../../../harness/programs/real-servers.ts';
import * as make from '../../../harness/snapshots.ts';

const UNCHECKED = make.policy('unchecked', {
  strategy: 'source_hash',
  healthCheck: {
    type: 'none',
    intervalMs: 1_000,
    timeoutMs: 1_000,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
  },
});
const route = (pool: string, ...serverNames: readonly string[]) => ({ serverNames, alpn: [], pool });

/** A proxy with one listener, whose fields `set` changes, and pools of one backend each. */
async function front(t: TestContext, pools: Readonly<Record<string, string | readonly string[]>>) {
  const { replica, stateDir, port } = await proxySurroundings(t);
  const log = join(temporaryFolder(t), 'connections.log');
  await startProxyProcess(t, [replica.address], stateDir, { engine: 'epoll', 'connection-log': log });
  const resources: Resource[] = Object.entries(pools).flatMap(([name, addresses]) => [
    make.pool(name, 'unchecked'),
    ...[addresses].flat().map((address) => make.backend(name, address)),
  ]);
  let revision = 0;
  const set = async (fields: Partial<Listener>) => {
    const listener = { name: 'front', address: `127.0.0.1:${port}`, pool: '', ...fields };
    const snapshot = make.snapshot(++revision, UNCHECKED, ...resources, {
      kind: 'listener',
      value: listener,
    });
    assert.equal(await replica.answerTo(replica.publish(snapshot)), null);
  };
  const logged = (count: number) =>
    eventually(async () => {
      const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      if (lines.length < count) return undefined;
      return lines.map((line) => JSON.parse(line) as { client: string; pool: string; reason: string });
    }, `${count} lines in the log`);
  return { port, set, logged };
}

/** What a client gets until the end, which it answers with its own. */
async function answer(client: Socket): Promise<Received> {
  const received = await readAll(client);
  client.destroy();
  return received;
}

/** A key and its certificate, which another user may read. */
function keyPair(t: TestContext) {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  return makeCertificates(folder).server;
}

/** A TLS server that says its name and ends. */
async function tlsServer(t: TestContext, name: string): Promise<string> {
  const { cert, key } = keyPair(t);
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  const server = createServer(files, (socket) => socket.on('error', () => {}).end(name));
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return `127.0.0.1:${port}`;
}

describe('routes by name', () => {
  it('take psql to its server, whatever it asks for first', async (t) => {
    if (!present(t, 'postgres', 'psql', 'openssl')) return;
    const [one = '', two = ''] = await startPostgres(t, ['127.93.0.1', '127.93.0.2'], keyPair(t));
    const { port, set } = await front(t, { one, two });
    const routes = [route('one', 'one.example.com'), route('two', '*.two.example.com')];
    const psql = async (host: string, words: string) => {
      const login = `hostaddr=127.0.0.1 host=${host} port=${port} user=bench dbname=postgres connect_timeout=60`;
      const query = 'select host(inet_server_addr()), ssl from pg_stat_ssl where pid = pg_backend_pid()';
      return run(programFile('psql'), ['-XAt', `${login} ${words}`, '-c', query]);
    };
    const selected = async (host: string, words: string) => (await psql(host, words)).stdout.trim();

    await set({ routes });
    assert.equal(await selected('one.example.com', 'sslmode=require'), '127.93.0.1|t');
    assert.equal(await selected('A.B.Two.Example.com', 'sslmode=require gssencmode=disable'), '127.93.0.2|t');
    for (const [host, words] of [
      ['one.example.com', 'sslmode=disable'],
      ['two.example.com', 'sslmode=require'],
    ] as const)
      assert.equal((await psql(host, words)).code, 2, `${host} ${words}`);

    await set({ routes, pool: 'one' });
    assert.equal(await selected('two.example.com', 'sslmode=disable'), '127.93.0.1|f');
    assert.equal(await selected('two.example.com', 'sslmode=require'), '127.93.0.1|t');
    assert.equal(await selected('x.two.example.com', 'sslmode=prefer'), '127.93.0.2|t');
  });

  it('take TLS clients to the server that they ask for', async (t) => {
    if (!present(t, 'openssl')) return;
    const pools: Record<string, string> = {};
    for (const name of ['one', 'two']) pools[name] = await tlsServer(t, name);
    const { port, set, logged } = await front(t, pools);
    await set({ routes: [route('one', 'one.example.com'), route('two', 'two.example.com')] });
    const client = async (...words: readonly string[]) => {
      const at = ['s_client', '-quiet', '-connect', `127.0.0.1:${port}`];
      return (await run(programFile('openssl'), [...at, ...words])).stdout.trim();
    };
    assert.equal(await client('-servername', 'one.example.com'), 'one');
    assert.equal(await client('-servername', 'TWO.example.com'), 'two');
    assert.equal(await client('-servername', 'three.example.com'), '');
    assert.equal(await client('-noservername'), '');
    const reasons = (await logged(4)).map(({ pool, reason }) => `${pool} ${reason === 'no_route'}`);
    assert.deepEqual(reasons.sort(), ['null true', 'null true', 'one false', 'two false']);
  });

  it('decide by the plan that runs when the hello has come, and leave the rest to the default pool', async (t) => {
    const server = await TcpServer.start((socket) => socket.end('220 ready'));
    t.after(() => server.stop());
    const { port, set, logged } = await front(t, { speaker: server.address });
    const routes = [route('speaker', 'one.example.com')];
    await set({ routes, firstBytesTimeoutMs: 60_000 });
    const waiting = await Promise.all(Array.from({ length: 3 }, () => dial(port)));
    const answers = waiting.map(answer);
    // The pool of the listener is new: those who wait get it as soon as they say what is no TLS.
    await set({ routes, pool: 'speaker', firstBytesTimeoutMs: 100 });
    assert.equal((await within('the greeting', answer(await dial(port)))).text, '220 ready');
    for (const client of waiting) client.write('EHLO');
    for (const each of answers) assert.equal((await within('an answer', each)).text, '220 ready');
    await set({ routes, firstBytesTimeoutMs: 100 });
    assert.equal((await within('a reset', answer(await dial(port)))).how, 'ECONNRESET');
    assert.equal((await logged(5)).filter(({ reason }) => reason === 'no_route').length, 1);
  });
});

describe('the client that a PROXY header announces', () => {
  it('counts for source_hash and in the log, in both versions', async (t) => {
    const names = ['a', 'b', 'c'];
    const servers = await Promise.all(
      names.map((name) => TcpServer.start((socket) => void socket.end(name))),
    );
    t.after(() => servers.forEach((server) => server.stop()));
    const { port, set, logged } = await front(t, { web: servers.map(({ address }) => address) });
    await set({ pool: 'web', acceptProxyProtocol: ['127.0.0.0/8'] });
    const hosts = Array.from({ length: 16 }, (_, at) => at + 1);
    const binary = (host: number) => [192, 0, 2, host, 192, 0, 2, 250, 1, host, 1, 187];
    const headers = (host: number): readonly Uint8Array[] => [
      Buffer.from(`PROXY TCP4 192.0.2.${host} 192.0.2.250 ${host} 443\r\n`),
      Buffer.from([...SIGNATURE, 0x21, 0x11, 0, 12, ...binary(host)]),
    ];
    const visit = async (header: Uint8Array) => {
      const client = await dial(port);
      client.write(header);
      return (await within('an answer', answer(client))).text;
    };
    const chosen = await Promise.all(hosts.map((host) => Promise.all(headers(host).map(visit))));
    for (const [byLine, byHeader] of chosen) assert.equal(byLine, byHeader);
    assert.ok(new Set(chosen.flat()).size > 1);
    const clients = (await logged(2 * hosts.length)).map(({ client }) => client);
    const announced = hosts.flatMap((host) => [`192.0.2.${host}:${host}`, `192.0.2.${host}:${256 + host}`]);
    assert.deepEqual(clients.sort(), announced.sort());
  });
});

describe('PROXY headers at a listener that trusts one network', () => {
  const LINE = 'PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n';
  /** Says `first` from an address of this host, and returns all that comes back. */
  const say = async (port: number, localAddress: string, first: Uint8Array | string, host = '127.0.0.1') => {
    const client = connect({ port, host, localAddress });
    client.on('error', () => {});
    const received = readAll(client);
    client.end(first);
    return (await within('an answer', received)).text;
  };

  it('of everybody else are payload, and announce nobody', async (t) => {
    const server = await TcpServer.start((socket) => socket.pipe(socket));
    t.after(() => server.stop());
    const { port, set, logged } = await front(t, { web: server.address });
    await set({ pool: 'web', acceptProxyProtocol: ['127.93.7.0/24'] });
    const binary = Buffer.from([...SIGNATURE, 0x21, 0x11, 0, 12, 192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4]);
    assert.equal(await say(port, '127.93.8.1', `${LINE}hi`), `${LINE}hi`);
    assert.equal(await say(port, '127.93.8.1', binary), binary.toString('latin1'));
    assert.equal(await say(port, '127.93.7.1', `${LINE}hi`), 'hi');
    const clients = (await logged(3)).map(({ client }) => client.replace(/:\d+$/, '')).sort();
    assert.deepEqual(clients, ['127.93.8.1', '127.93.8.1', '192.0.2.1']);
  });

  it('are read of trusted IPv4 clients of a dual-stack address', async (t) => {
    const server = await TcpServer.start((socket) => socket.pipe(socket));
    t.after(() => server.stop());
    const { port, set, logged } = await front(t, { web: server.address });
    await set({ pool: 'web', address: `[::]:${port}`, acceptProxyProtocol: ['127.93.7.0/24'] });
    assert.equal(await say(port, '127.93.7.1', `${LINE}hi`), 'hi');
    assert.equal((await logged(1))[0]?.client, '192.0.2.1:4711');
  });

  it('are followed by a hello that takes its route', async (t) => {
    const servers = await Promise.all(
      ['one', 'two'].map((name) => TcpServer.start((socket) => void socket.resume().end(name))),
    );
    t.after(() => servers.forEach((server) => server.stop()));
    const [one = '', two = ''] = servers.map(({ address }) => address);
    const { port, set, logged } = await front(t, { one, two });
    const routes = [route('two', 'two.example.com')];
    await set({ pool: 'one', acceptProxyProtocol: ['127.93.7.0/24'], routes });
    const hello = inRecords(buildHello('TWO.example.com', []).message);
    assert.equal(await say(port, '127.93.7.1', Buffer.concat([Buffer.from(LINE), hello])), 'two');
    assert.equal(await say(port, '127.93.8.1', hello), 'two');
    assert.equal(await say(port, '127.93.8.1', Buffer.concat([Buffer.from(LINE), hello])), 'one');
    const pools = (await logged(3)).map(({ pool }) => pool);
    assert.deepEqual(pools.sort(), ['one', 'two', 'two']);
  });
});
