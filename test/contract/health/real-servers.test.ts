/** Checks that talk, against nginx, Redis and PostgreSQL. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { HTTP_CHECK_DEFAULTS, POLICY_DEFAULTS, TLS_CHECK_DEFAULTS } from '../../../core/model/defaults.ts';
import type { HealthCheck, HttpCheck, ScriptStep, TlsCheck } from '../../../core/model/resources.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { checkerByType } from '../../../data-plane/health/checker-by-type.ts';
import type { CheckResult } from '../../../data-plane/health/checker.ts';
import { freePort } from '../../../harness/free-port.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import {
  present,
  startHaproxy,
  startNginx,
  startPostgres,
  startRedis,
} from '../../../harness/programs/real-servers.ts';

/** `passed`, or why not. */
async function resultAt(
  address: string,
  check: Partial<HealthCheck>,
  { secrets, announcedBy }: { secrets?: string; announcedBy?: 'v1' | 'v2' | undefined } = {},
): Promise<string> {
  const checker = checkerByType({
    engine: 'epoll',
    libc: null,
    clock: systemClock,
    sourceAddresses: [],
    secrets,
  });
  const [host = '', port = ''] = address.split(':');
  const whole = { ...POLICY_DEFAULTS.healthCheck, timeoutMs: 20_000, ...check };
  const result = await new Promise<CheckResult>(
    (resolve) => void checker.check({ host, port: Number(port), announcedBy }, whole, resolve),
  );
  return result.type === 'passed' ? 'passed' : result.reason.replaceAll(port, 'PORT');
}

describe('a check of nginx', () => {
  const http = (parts: Partial<HttpCheck>) => ({ ...HTTP_CHECK_DEFAULTS, ...parts });

  it('passes and fails by status, body, host and certificate', async (t) => {
    if (!present(t, 'nginx', 'openssl')) return;
    const folder = temporaryFolder(t);
    const { ca, server } = makeCertificates(folder, 'DNS:www.example.com');
    const port = await freePort();
    const address = await startNginx(
      t,
      `gzip on; gzip_types *; gzip_min_length 1;
       server { listen 127.0.0.1:${port} ssl; server_name www.example.com;
         ssl_certificate ${server.cert}; ssl_certificate_key ${server.key};
         location /ready { return 200 "ready to serve"; }
         location /old { return 301 https://www.example.com/ready; }
         location / { return 503 "no"; } }`,
    );
    const secure = `127.0.0.1:${port}`;
    const tls: TlsCheck = { serverName: 'www.example.com', verify: true, ca: readFileSync(ca, 'utf8') };
    const ready = http({ path: '/ready', host: 'www.example.com', body: 'ready to' });
    for (const [where, check, wanted] of [
      [address, { type: 'http', http: http({ path: '/x', body: 'nginx' }) }, 'passed'],
      [address, { type: 'http', http: http({ method: 'HEAD', status: ['200'] }) }, 'passed'],
      [
        address,
        { type: 'http', http: http({ body: 'apache' }) },
        'GET :PORT/ answered 200 with no "apache" in the first 12 bytes',
      ],
      [address, { type: 'tls', tls }, 'the TLS handshake failed: the server does not speak TLS'],
      [secure, { type: 'tls', tls }, 'passed'],
      [secure, { type: 'https', tls, http: ready }, 'passed'],
      [secure, { type: 'https', tls: TLS_CHECK_DEFAULTS, http: ready }, 'passed'],
      [
        secure,
        { type: 'https', tls, http: http({ path: '/old', status: ['200-299'] }) },
        'GET :PORT/old answered 301',
      ],
      [secure, { type: 'https', tls, http: http({}) }, 'GET :PORT/ answered 503'],
      [secure, { type: 'http', http: http({}) }, 'GET :PORT/ answered 400'],
      [
        secure,
        { type: 'https', tls: { ...tls, serverName: 'x.example.com' }, http: ready },
        'the TLS handshake failed: the certificate is not for x.example.com',
      ],
    ] as const)
      assert.equal(await resultAt(where, check), wanted);
  });
});

describe('a check of a server that expects PROXY headers', () => {
  /** Ports of nginx and of HAProxy, which answer nobody without a header. */
  async function startReaders(t: TestContext) {
    const folder = temporaryFolder(t);
    const { server } = makeCertificates(folder, 'DNS:www.example.com');
    const pem = join(folder, 'both.pem');
    writeFileSync(pem, readFileSync(server.cert, 'utf8') + readFileSync(server.key, 'utf8'));
    const [nginx, nginxTls] = [await freePort(), await freePort()];
    const [haproxy, haproxyTls] = [await freePort(), await freePort()];
    await startNginx(
      t,
      `server { listen 127.0.0.1:${nginx} proxy_protocol;
         listen 127.0.0.1:${nginxTls} ssl proxy_protocol;
         ssl_certificate ${server.cert}; ssl_certificate_key ${server.key};
         location / { return 200 "ready"; } }`,
    );
    await startHaproxy(
      t,
      `frontend ready
         bind 127.0.0.1:${haproxy} accept-proxy
         bind 127.0.0.1:${haproxyTls} accept-proxy ssl crt ${pem}
         mode http
         http-request return status 200 content-type text/plain string "ready"`,
      haproxy,
    );
    return { plain: [nginx, haproxy], secure: [nginxTls, haproxyTls] };
  }

  it('passes with a header of either version, over TCP and TLS, and fails without one', async (t) => {
    if (!present(t, 'nginx', 'haproxy', 'openssl')) return;
    const { plain, secure } = await startReaders(t);
    const http = { ...HTTP_CHECK_DEFAULTS, body: 'ready' };
    for (const announcedBy of ['v1', 'v2', undefined] as const) {
      const isPassed = async (port: number, check: Partial<HealthCheck>) =>
        (await resultAt(`127.0.0.1:${port}`, { http, ...check }, { announcedBy })) === 'passed';
      for (const port of plain)
        assert.equal(await isPassed(port, { type: 'http' }), announcedBy !== undefined);
      for (const port of secure) {
        const check = { type: 'https', tls: TLS_CHECK_DEFAULTS } as const;
        assert.equal(await isPassed(port, check), announcedBy !== undefined, `${announcedBy} ${port}`);
      }
    }
  });
});

describe('a check of Redis', () => {
  const script = (...steps: ScriptStep[]): Partial<HealthCheck> => ({ type: 'script', script: steps });

  it('logs in with a secret, and tells the primary from the replica', async (t) => {
    if (!present(t, 'redis-server')) return;
    const secrets = temporaryFolder(t);
    writeFileSync(join(secrets, 'redis'), 'AUTH hunter2\\r\\n\n');
    writeFileSync(join(secrets, 'wrong'), 'AUTH guess\\r\\n\n');
    const primary = await startRedis(t, { requirepass: 'hunter2' });
    const [host, port] = primary.split(':');
    const replica = await startRedis(t, { requirepass: 'hunter2', replicaof: `${host} ${port}` });
    // Everything is asked at once, with the farewell, so that a wrong answer is known when the server closes.
    const role = (name: string) =>
      script(
        { sendSecret: name },
        { send: 'INFO replication\\r\\nQUIT\\r\\n' },
        { expect: 'role:master' },
        { expect: '+OK' },
      );
    assert.equal(await resultAt(primary, role('redis'), { secrets }), 'passed');
    for (const [address, name] of [
      [replica, 'redis'],
      [primary, 'wrong'],
    ] as const)
      assert.match(
        await resultAt(address, role(name), { secrets }),
        /^no "role:master" in the first \d+ bytes, then the server closed the connection$/,
      );
    assert.equal(
      await resultAt(primary, role('none'), { secrets }),
      'the secret "none" is not in the --secrets directory of this proxy',
    );
  });
});

describe('a check of PostgreSQL', () => {
  it('hears whether it takes TLS', async (t) => {
    if (!present(t, 'initdb', 'postgres', 'pgbench')) return;
    const [address = ''] = await startPostgres(t, ['127.0.0.1']);
    const steps = [{ send: '\\x00\\x00\\x00\\x08\\x04\\xd2\\x16\\x2f' }, { expect: '/^[SN]$/' }];
    assert.equal(await resultAt(address, { type: 'script', script: steps }), 'passed');
  });
});
