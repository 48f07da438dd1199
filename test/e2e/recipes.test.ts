/** The manifests of the recipes in docs/how-to, as they stand there but for their addresses, with the servers that they are for. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { get } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { Front } from '../../harness/configurations/front.ts';
import { NamedServer, StatusPage } from '../../harness/configurations/named-server.ts';
import { visitByName } from '../../harness/configurations/tls-visit.ts';
import { startMariaDb } from '../../harness/configurations/mariadb.ts';
import { askPostgres, startPostgresPair } from '../../harness/configurations/postgres-pair.ts';
import { isRoot } from '../../harness/containers/network.ts';
import { OWN_LOOPBACK } from '../../harness/loopback.ts';
import { makeCertificates } from '../../harness/programs/certificates.ts';
import {
  type Lbctl,
  lbctlFor,
  startControlPlane,
  startProxy,
  succeed,
} from '../../harness/programs/fleet.ts';
import {
  eventually,
  laterScope,
  run,
  startProcess,
  temporaryFolder,
} from '../../harness/programs/processes.ts';
import { present, startNginx } from '../../harness/programs/real-servers.ts';
import { readText } from '../../harness/source-tree.ts';

const shared = laterScope();
let lbctl: Lbctl;
before(async () => {
  const plane = await startControlPlane(shared);
  await startProxy(shared, 'recipes', [plane.grpc]);
  lbctl = lbctlFor(plane.grpc);
});
after(() => shared.end());

/** Applies the manifest of a page, its hosts 10.0.0.N moved to a network of loopback. */
async function applyPage(page: string, network: string, change = (text: string) => text): Promise<void> {
  const [, manifest = ''] = /^```yaml\n([\s\S]*?)^```/m.exec(readText(`docs/how-to/${page}.md`)) ?? [];
  assert.ok(manifest.includes('10.0.0.11:'));
  const moved = change(manifest.replaceAll('10.0.0.', `${network}.`));
  await succeed(lbctl, ['apply', '-f', '-', '--wait'], moved);
}

/** Waits until `lbctl health` says so of the backends of a pool, by the last part of their addresses. */
async function healthIs(pool: string, wanted: Readonly<Record<string, string | RegExp>>): Promise<void> {
  let text = '';
  const isSo = async () => {
    text = await succeed(lbctl, ['health', pool]);
    return Object.entries(wanted).every(([host, state]) =>
      text.split('\n').some((line) => line.includes(`.${host}:`) && line.match(state)),
    );
  };
  await eventually(isSo, 'health').catch(() => assert.fail(text));
}

/** The names that ten new visits give, each once. */
async function visits(visit: () => Promise<string | undefined>): Promise<string> {
  const names = await Promise.all(Array.from({ length: 10 }, visit));
  return [...new Set(names.map(String))].sort().join();
}

async function startNginxPages(t: TestContext, network: string): Promise<string> {
  const folder = temporaryFolder(t);
  const servers = ['11', '12'].map((host) => {
    mkdirSync(join(folder, host));
    writeFileSync(join(folder, host, 'healthz'), 'ready\n');
    return `server { listen ${network}.${host}:8080; root ${folder}/${host}; location /healthz { try_files /healthz =503; } location / { return 200 ${host}; } }`;
  });
  await startNginx(t, servers.join('\n'));
  return folder;
}

/** OpenSMTPD with a spool and a socket of its own, which only root can give it. */
function startMailServers(t: TestContext, network: string): ReturnType<typeof startProcess> {
  const file = join(temporaryFolder(t), 'smtpd.conf');
  const listens = ['11', '12'].map((host) => `listen on ${network}.${host} port 2525 hostname ${host}.test`);
  writeFileSync(file, [...listens, 'action none mda "false"', 'match for local action none', ''].join('\n'));
  const own = 'mount -t tmpfs none /run && mount -t tmpfs none /var/spool && mkdir -m 711 /var/spool/smtpd';
  return startProcess(t, 'unshare', ['-m', 'sh', '-c', `${own} && exec smtpd -d -f ${file}`], {
    endSignal: 'SIGTERM',
  });
}

describe('recipes of docs/how-to', { concurrency: true }, () => {
  it('web-server: a server whose page is gone gets no connections', async (t) => {
    if (!present(t, 'nginx')) return;
    const network = `${OWN_LOOPBACK}.1`;
    const folder = await startNginxPages(t, network);
    await applyPage('web-server', network);
    const visit = async () => {
      const response = await fetch(`http://${network}.1:8080/`, { headers: { connection: 'close' } });
      return response.text();
    };
    await eventually(async () => (await visits(visit)) === '11,12', 'both');
    rmSync(join(folder, '11/healthz'));
    await healthIs('web-page', { 11: /unhealthy.*GET :8080\/healthz answered 503/, 12: / healthy / });
    assert.equal(await visits(visit), '12');
    writeFileSync(join(folder, '12/healthz'), 'not yet\n');
    await healthIs('web-page', { 12: /unhealthy.*ready/ });
  });

  it('kubernetes-api: a server that is not ready, or that forbids its page, gets no connections', async (t) => {
    if (!present(t, 'openssl')) return;
    const network = `${OWN_LOOPBACK}.2`;
    const { server } = makeCertificates(temporaryFolder(t));
    const identity = { cert: readFileSync(server.cert, 'utf8'), key: readFileSync(server.key, 'utf8') };
    const pages = ['11', '12', '13'].map(
      (host) => new StatusPage(t, `${network}.${host}`, 6443, 200, identity),
    );
    await applyPage('kubernetes-api', network);
    const visit = () =>
      new Promise<string | undefined>((resolve) => {
        get({ host: `${network}.1`, port: 6443, agent: false, rejectUnauthorized: false }, (response) => {
          response.on('data', (chunk) => resolve(String(chunk).trim()));
        }).on('error', () => resolve(undefined));
      });
    await eventually(async () => (await visits(visit)) === '11,12,13', 'all three');
    for (const [index, status] of [500, 401, 200].entries()) {
      const page = pages[index];
      if (page !== undefined) page.status = status;
    }
    await healthIs('kube-api', {
      11: /unhealthy.*answered 500/,
      12: /unhealthy.*answered 401/,
      13: / healthy /,
    });
    assert.equal(await visits(visit), '13');
    assert.equal(pages[0]?.requests[0], 'GET /readyz');
  });

  it('route-by-server-name: the name in the hello chooses the pool', async (t) => {
    const network = `${OWN_LOOPBACK}.45`;
    const { server } = makeCertificates(temporaryFolder(t));
    const identity = { cert: readFileSync(server.cert, 'utf8'), key: readFileSync(server.key, 'utf8') };
    for (const host of ['11', '12', '13']) await NamedServer.start(t, `${network}.${host}`, 8443, identity);
    await applyPage('route-by-server-name', network);
    const front = new Front(`${network}.1`, 8443);
    await eventually(async () => (await visitByName(front, 'shop.example.com')) === '11', 'the shop');
    assert.equal(await visitByName(front, 'a.b.tenants.example.com'), '12');
    for (const other of ['tenants.example.com', 'elsewhere.example.com', ''])
      assert.equal(await visitByName(front, other), '13', other);
    assert.equal(await front.visit(), '13');
  });

  it('smtp: a server that greets with 421 gets no connections', async (t) => {
    if (!present(t, 'smtpd') || !isRoot(t, 'for a spool of its own')) return;
    const network = `${OWN_LOOPBACK}.3`;
    const mail = startMailServers(t, network);
    await applyPage('smtp', network, (text) =>
      text.replaceAll(':25"', ':2525"').replace('interval: 10s', 'interval: 5s'),
    );
    const front = new Front(`${network}.1`, 2525);
    const greeting = async () => /^220 (\d+)\.test/.exec(await front.visit())?.[1];
    await healthIs('smtp', { 11: / healthy /, 12: / healthy / });
    assert.match(await visits(greeting), /^1[12]/);

    await mail.stop();
    const busy = createServer((socket) => socket.on('error', () => undefined).end('421 not now\r\n'));
    busy.listen(2525, `${network}.11`);
    t.after(() => busy.close());
    await healthIs('smtp', { 11: /unhealthy.*220/, 12: /unhealthy/ });
    assert.equal(await front.visit(), 'closed');
  });

  it('postgresql: writes reach the primary alone, and follow when the standby is promoted', async (t) => {
    if (!present(t, 'initdb', 'postgres')) return;
    const network = `${OWN_LOOPBACK}.4`;
    const pair = await startPostgresPair(t, `${network}.11`, `${network}.12`, 5432);
    await applyPage('postgresql', network);
    const visit = () => askPostgres(`${network}.1`, 5432, 'SELECT inet_server_addr()');
    await eventually(async () => (await visit()) === `${network}.11`, 'the primary');
    await healthIs('postgres-primary', { 12: /unhealthy/ });
    assert.equal(await visits(visit), `${network}.11`);
    await pair.primary.stop();
    assert.equal(await visits(visit), 'undefined');
    await pair.promote();
    await eventually(async () => (await visits(visit)) === `${network}.12`, 'the new primary');
  });

  it('postgresql: what a script sees without credentials is the same on a primary and a standby', async (t) => {
    if (!present(t, 'initdb', 'postgres')) return;
    const network = `${OWN_LOOPBACK}.5`;
    await startPostgresPair(t, `${network}.11`, `${network}.12`, 5432);
    const page = readText('docs/how-to/postgresql.md');
    const start = /send: ('.*?user.*?')/.exec(page)?.[1] ?? '';
    const question = /send `('.*?')`/.exec(page)?.[1] ?? '';
    for (const [name, send, expect] of [
      ['question', question, "'/^[SN]/'"],
      ['start', start, "'/^R/'"],
    ]) {
      await applyPage('postgresql', network, (text) =>
        text
          .replaceAll('postgres-primary', name ?? '')
          .replace(/script:\n(?: {4}.*\n)+/, `script: [{ send: ${send} }, { expect: ${expect} }]\n`)
          .replace(/kind: Listener[\s\S]*/, '')
          .replace(/---\n$/, ''),
      );
      await healthIs(name ?? '', { 11: / healthy /, 12: / healthy / });
    }
  });

  it('mysql: writes reach the server whose read_only is off', async (t) => {
    if (!present(t, 'mariadbd')) return;
    const network = `${OWN_LOOPBACK}.6`;
    const [first, second] = await Promise.all(
      ['11', '12'].map((host) => startMariaDb(t, `${network}.${host}`, 3306)),
    );
    assert.ok(first && second);
    await second('SET GLOBAL read_only = 1');
    await applyPage('mysql', network);
    await healthIs('mysql-primary', { 11: / healthy /, 12: /unhealthy.*no ".x02/ });
    const visit = async () => {
      const login = ['--no-defaults', '-uchecker', `-h${network}.1`, '-Ne', 'SELECT @@bind_address'];
      const { code, stdout } = await run('mariadb', login);
      return code === 0 ? stdout.trim() : undefined;
    };
    await eventually(async () => (await visits(visit)) === `${network}.11`, 'the primary');
    await first('SET GLOBAL read_only = 1');
    await healthIs('mysql-primary', { 11: /unhealthy/ });
    assert.equal(await visits(visit), 'undefined');
    await second('SET GLOBAL read_only = 0');
    await eventually(async () => (await visits(visit)) === `${network}.12`, 'the new primary');
    // Whoever logs in and leaves in order is no error to be blocked for.
    assert.match(
      await second("SHOW GLOBAL STATUS LIKE 'Aborted_c%'"),
      /Aborted_clients\s+0\nAborted_connects\s+0/,
    );
    await second("DROP USER checker@'%'");
    await healthIs('mysql-primary', { 12: /unhealthy.*no ".x07/ });
  });
});
