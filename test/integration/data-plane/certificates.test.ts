/** Certificates of real proxies: what they lack, what they read again, and that no private key leaves the host. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { freePort } from '../../../harness/free-port.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import {
  lbctlFor,
  startControlPlane,
  startDemoBackend,
  startProxy,
  succeed,
} from '../../../harness/programs/fleet.ts';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';
import { present } from '../../../harness/programs/real-servers.ts';

async function fleetOf(t: TestContext) {
  const [folder, made, first, second] = [0, 1, 2, 3].map(() => temporaryFolder(t)) as [
    string,
    string,
    string,
    string,
  ];
  const { server, client, ca } = makeCertificates(made, 'DNS:www.example.com');
  const pem = (pair: typeof server) =>
    readFileSync(pair.cert, 'utf8') + readFileSync(ca, 'utf8') + readFileSync(pair.key, 'utf8');
  const put = (directory: string, name: string, text: string) => {
    writeFileSync(join(directory, 'new'), text, { mode: 0o600 });
    renameSync(join(directory, 'new'), join(directory, `${name}.pem`));
  };
  const plane = await startControlPlane(t);
  const lbctl = lbctlFor(plane.grpc);
  const [tlsPort, plainPort, backend] = [await freePort(), await freePort(), await startDemoBackend(t)];
  const manifest = [
    { kind: 'Pool', name: 'web', backends: [{ address: backend }] },
    {
      kind: 'Listener',
      name: 'www',
      address: `127.0.0.1:${tlsPort}`,
      pool: 'web',
      tls: { certificates: ['www'] },
    },
    { kind: 'Listener', name: 'plain', address: `127.0.0.1:${plainPort}`, pool: 'web' },
  ];
  const apply = () =>
    lbctl(['apply', '-f', '-', '--wait'], manifest.map((one) => JSON.stringify(one)).join('\n---\n'));
  return { apply, ca, client, first, folder, lbctl, pem, plainPort, plane, put, second, server, tlsPort };
}

/** A connection whose handshake is over. */
function dialTls(port: number, ca: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port, host: '127.0.0.1', servername: 'www.example.com', ca: readFileSync(ca) },
      () => resolve(socket),
    );
    socket.once('error', reject);
  });
}

/** The start of the answer to a request on an open connection. */
function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: www\r\n\r\n');
  return new Promise((resolve) =>
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1', 0, 15))),
  );
}

describe('certificates', () => {
  it('that a proxy lacks cost it the listener that names them, until they come', async (t) => {
    if (!present(t, 'openssl')) return;
    const { apply, first, lbctl, pem, plainPort, plane, put, second, server, tlsPort } = await fleetOf(t);
    put(first, 'www', pem(server));
    await startProxy(t, 'has', [plane.grpc], ['--certificates', first, '--share-listeners']);
    await startProxy(t, 'lacks', [plane.grpc], ['--certificates', second, '--share-listeners']);
    const { code, stderr } = await apply();
    assert.equal(code, 1);
    assert.match(
      stderr,
      /lacks.*listener www: .*the certificate "www" is not in the --certificates directory/,
    );
    assert.ok(!stderr.includes('has: '));
    const described = JSON.parse(await succeed(lbctl, ['describe', 'listener', 'www', '-o', 'json'])) as {
      certificates: { proxy: string; validUntil: string | null; problem: string }[];
    };
    const byProxy = new Map(described.certificates.map((one) => [one.proxy, one]));
    assert.ok(Date.parse(byProxy.get('has')?.validUntil ?? '') > Date.now());
    assert.equal(byProxy.get('lacks')?.validUntil, null);
    assert.match(byProxy.get('lacks')?.problem ?? '', /is not in the --certificates directory/);
    const inTheClear = fetch(`http://127.0.0.1:${tlsPort}/`, { headers: { connection: 'close' } });
    await assert.rejects(inTheClear, 'a listener with tls serves nobody without it');
    assert.equal(
      (await fetch(`http://127.0.0.1:${plainPort}/`, { headers: { connection: 'close' } })).status,
      200,
    );
    put(second, 'www', pem(server));
    const isRejected = async () =>
      /missing|is not in the/.test(await succeed(lbctl, ['describe', 'listener', 'www']));
    await eventually(async () => !(await isRejected()), 'the listener on both');
    assert.match(await succeed(lbctl, ['events']), /has no failure of listener www/);
  });

  it('that were renewed serve new clients, and established ones go on', async (t) => {
    if (!present(t, 'openssl')) return;
    const { apply, ca, client, first, lbctl, pem, plane, put, server, tlsPort } = await fleetOf(t);
    put(first, 'www', pem(server));
    const proxy = await startProxy(t, 'one', [plane.grpc], ['--certificates', first]);
    assert.equal((await apply()).code, 0);
    const open = await dialTls(tlsPort, ca);
    t.after(() => open.destroy());
    const before = open.getPeerX509Certificate()?.fingerprint256;
    put(first, 'www', pem(client));
    await eventually(async () => {
      const socket = await dialTls(tlsPort, ca);
      const { fingerprint256 } = socket.getPeerX509Certificate() ?? {};
      socket.destroy();
      return fingerprint256 !== undefined && fingerprint256 !== before;
    }, 'the new certificate');
    assert.match(await ask(open), /^HTTP\/1.1 200/);
    put(first, 'www', `${readFileSync(server.cert, 'utf8')}${readFileSync(client.key, 'utf8')}`);
    await proxy.line(
      (line) => /does not belong to the certificate.*stays in use/.exec(line) ?? undefined,
      'a warning',
    );
    (await dialTls(tlsPort, ca)).destroy();
    assert.match(
      await succeed(lbctl, ['events']),
      /can't use the new file of certificate www and keeps the one before/,
    );
  });

  it('never let a private key leave the host: no log, no metric, no report, no file of the proxy has it', async (t) => {
    if (!present(t, 'openssl')) return;
    const { apply, first, folder, lbctl, pem, plane, put, server } = await fleetOf(t);
    put(first, 'www', pem(server));
    const flags = ['--certificates', first, '--log-level', 'trace', '--state-dir', join(folder, 'state')];
    const proxy = await startProxy(t, 'one', [plane.grpc], flags);
    assert.equal((await apply()).code, 0);
    put(first, 'www', readFileSync(server.key, 'utf8'));
    await proxy.line((line) => /has no certificate/.exec(line) ?? undefined, 'a warning');
    const [metrics, page] = await Promise.all(
      [`${proxy.admin}/metrics`, `${plane.http}/metrics`].map(async (url) =>
        (await fetch(`http://${url}`)).text(),
      ),
    );
    const json = ['-o', 'json'];
    const told = await Promise.all([
      succeed(lbctl, ['describe', 'listener', 'www', ...json]),
      succeed(lbctl, ['describe', 'proxy', 'one', ...json]),
      succeed(lbctl, ['events', ...json]),
      succeed(lbctl, ['export']),
    ]);
    const stored = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    const everything = [...proxy.lines, ...plane.lines, metrics, page, ...told, ...stored].join('\n');
    assert.match(everything, /lb_certificate_expiry_seconds\{certificate="www"\}/);
    assert.ok(!everything.includes('PRIVATE KEY'));
    for (const line of readFileSync(server.key, 'utf8').split('\n').slice(1, -2))
      assert.ok(!everything.includes(line));
  });
});
