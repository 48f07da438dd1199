/** TLS of real proxies: terminated at listeners, and started to backends. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect, type ConnectionOptions, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { freePort } from '../../../harness/free-port.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import { lbctlFor, metricSum, startControlPlane, startProxy } from '../../../harness/programs/fleet.ts';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';
import { present } from '../../../harness/programs/real-servers.ts';

const BULK = randomBytes(8 * 1024 * 1024);

/** A server on a free port of 127.0.0.1, which hands connections to `serve`. */
async function serverOf(t: TestContext, server: ReturnType<typeof createServer>): Promise<string> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => open.add(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers each connection, at its end, with what it has said. */
function echoAtEnd(socket: Socket): void {
  const chunks: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => socket.end(Buffer.concat(chunks)));
}

async function startEdge(t: TestContext, kinds: (backends: { plain: string }) => readonly object[]) {
  const folder = temporaryFolder(t);
  const resets: string[] = [];
  const plain = await serverOf(
    t,
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', ({ message }) => resets.push(message));
      echoAtEnd(socket);
    }),
  );
  const made = ['DNS:one.example.com', 'DNS:*.two.example.com'].map((subject, index) => {
    const place = join(folder, `${index}`);
    mkdirSync(place);
    const files = makeCertificates(place, subject);
    const pem = [files.server.cert, files.server.key].map((file) => readFileSync(file, 'utf8')).join('');
    writeFileSync(join(folder, `${['one', 'two'][index]}.pem`), pem, { mode: 0o600 });
    return files;
  });
  const plane = await startControlPlane(t);
  const lbctl = lbctlFor(plane.grpc);
  const proxy = await startProxy(t, 'edge', [plane.grpc], ['--certificates', folder]);
  const manifest = kinds({ plain })
    .map((one) => JSON.stringify(one))
    .join('\n---\n');
  const { code, stderr } = await lbctl(['apply', '-f', '-', '--wait'], manifest);
  assert.equal(code, 0, stderr);
  return { folder, made, proxy, resets };
}

function listener(name: string, port: number, pool: string, tls: object | null) {
  return { kind: 'Listener', name, address: `127.0.0.1:${port}`, pool, ...(tls && { tls }) };
}

function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const wanted = { port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true, ...options };
    const socket: TLSSocket = connect(wanted, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Says something, ends, and returns what comes back until the end. */
async function exchange(socket: Socket, said: Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.end(said);
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('TLS at a listener', () => {
  it('gives each name its certificate, and passes every byte and both ends on', async (t) => {
    if (!present(t, 'openssl')) return;
    const port = await freePort();
    const tls = { certificates: ['one', 'two'], alpn: ['h2', 'http/1.1'], min_version: '1.2' };
    const { made, proxy, resets } = await startEdge(t, ({ plain }) => [
      { kind: 'Pool', name: 'web', backends: [{ address: plain }] },
      listener('www', port, 'web', tls),
    ]);
    const names: [string, RegExp][] = [
      ['one.example.com', /one\.example/],
      ['a.two.example.com', /two\.example/],
      ['unknown.example.com', /one\.example/],
    ];
    for (const [index, [servername, subject]] of names.entries()) {
      const version = index === 0 ? ('TLSv1.2' as const) : ('TLSv1.3' as const);
      const socket = await dial(port, { servername, maxVersion: version, ALPNProtocols: ['http/1.1'] });
      assert.equal(socket.getProtocol(), version);
      assert.equal(socket.alpnProtocol, 'http/1.1');
      assert.match(socket.getPeerX509Certificate()?.subjectAltName ?? '', subject);
      assert.equal(digest(await exchange(socket, BULK)), digest(BULK));
    }
    const trusted = ['-CAfile', made[0]?.ca ?? '', '-servername', 'one.example.com'];
    const openssl = promisify(execFile)('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...trusted]);
    openssl.child.stdin?.end('hello\n');
    assert.match((await openssl).stdout, /New, TLSv1.3,[^]*Verify return code: 0/);
    await assert.rejects(dial(port, { ALPNProtocols: ['none'] }), /no application protocol/i);
    const session = await new Promise<Buffer>((resolve, reject) => {
      void dial(port, { maxVersion: 'TLSv1.3' }).then((socket) => socket.once('session', resolve), reject);
    });
    const again = await dial(port, { session });
    assert.equal(again.isSessionReused(), true);
    assert.equal(String(await exchange(again, Buffer.from('again'))), 'again');
    // An end of TCP without close_notify: anybody on the way could have sent it.
    const cut = await dial(port);
    assert.deepEqual(resets, []);
    cut.write('a request that is cut', () => cut.destroy());
    await eventually(() => Promise.resolve(resets.length === 1), 'a reset at the backend');
    const raw = connectTcp(port, '127.0.0.1');
    raw.on('error', () => {});
    raw.end('not TLS');
    await once(raw, 'close');
    const handshakes = (result: string) => metricSum(proxy, 'lb_tls_handshakes_total', `result="${result}"`);
    assert.equal(await handshakes('resumed'), 1);
    await eventually(async () => (await handshakes('failed')) === 2, 'the failed ones');
    assert.equal(await handshakes('full'), 6);
  });

  it('asks clients for certificates of its authority', async (t) => {
    if (!present(t, 'openssl')) return;
    const [required, optional] = [await freePort(), await freePort()];
    const authority = makeCertificates(temporaryFolder(t));
    const tls = { certificates: ['one'], client_ca: readFileSync(authority.ca, 'utf8') };
    const { made } = await startEdge(t, ({ plain }) => [
      { kind: 'Pool', name: 'web', backends: [{ address: plain }] },
      listener('must', required, 'web', { ...tls, client_certificate: 'required' }),
      listener('may', optional, 'web', { ...tls, client_certificate: 'optional' }),
    ]);
    const pairOf = ({ cert, key }: { cert: string; key: string }) => ({
      cert: readFileSync(cert),
      key: readFileSync(key),
    });
    const ours = pairOf(authority.client);
    const foreign = pairOf(made[1]?.client ?? assert.fail('no pair'));
    const passes = async (port: number, options: ConnectionOptions) => {
      const text = Buffer.from('with a certificate');
      return (await exchange(await dial(port, options), text)).equals(text);
    };
    assert.equal(await passes(required, ours), true);
    assert.equal(await passes(optional, {}), true);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      await assert.rejects(passes(required, { maxVersion }));
      await assert.rejects(passes(required, { maxVersion, ...foreign }));
      await assert.rejects(passes(optional, { maxVersion, ...foreign }));
    }
  });
});

describe('TLS to backends', () => {
  it('verifies name and chain, and sends nothing to a server that is another one', async (t) => {
    if (!present(t, 'openssl')) return;
    const { ca, server } = makeCertificates(temporaryFolder(t), 'DNS:db.example.com,IP:127.0.0.1');
    const heard: string[] = [];
    const identity = { cert: readFileSync(server.cert), key: readFileSync(server.key), allowHalfOpen: true };
    const backend = await serverOf(
      t,
      createTlsServer(identity, (socket) => {
        heard.push(String(socket.servername));
        echoAtEnd(socket);
      }),
    );
    const authority = { ca: readFileSync(ca, 'utf8') };
    const pools: Record<string, [object, boolean]> = {
      named: [{ server_name: 'db.example.com', ...authority }, true],
      address: [authority, true],
      unverified: [{ verify: false }, true],
      other: [{ server_name: 'other.example.com', ...authority }, false],
      untrusted: [{ server_name: 'db.example.com' }, false],
    };
    const ports = new Map<string, number>();
    for (const name of Object.keys(pools)) ports.set(name, await freePort());
    const both = await freePort();
    await startEdge(t, () => [
      { kind: 'Policy', name: 'quick', connect: { timeout: '5s', retries: 0 } },
      ...Object.entries(pools).flatMap(([name, [tls]]) => [
        { kind: 'Pool', name, policy: 'quick', tls, backends: [{ address: backend }] },
        listener(name, ports.get(name) ?? 0, name, null),
      ]),
      listener('both', both, 'named', { certificates: ['one'] }),
    ]);
    for (const [name, [, isTrusted]] of Object.entries(pools)) {
      heard.length = 0;
      const socket = connectTcp({ port: ports.get(name) ?? 0, host: '127.0.0.1', allowHalfOpen: true });
      const answer = exchange(socket, BULK).then(digest, () => 'reset');
      assert.equal(await answer, isTrusted ? digest(BULK) : 'reset', name);
      if (name === 'named') assert.deepEqual(heard, ['db.example.com']);
    }
    assert.equal(digest(await exchange(await dial(both), BULK)), digest(BULK));
  });
});
