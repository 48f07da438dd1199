/** Headers of the PROXY protocol, of a real proxy process, as HAProxy and nginx read and write them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { HTTP_CHECK_DEFAULTS, POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import type { Listener, Resource } from '../../../core/model/resources.ts';
import { dial, readAll, within } from '../../../harness/engine/tcp.ts';
import { freePort } from '../../../harness/free-port.ts';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';
import { proxySurroundings, readMetric, startProxyProcess } from '../../../harness/programs/proxy-process.ts';
import { hasNginxStream, present, startHaproxy, startNginx } from '../../../harness/programs/real-servers.ts';
import * as make from '../../../harness/snapshots.ts';

const CHECK = {
  ...POLICY_DEFAULTS.healthCheck,
  type: 'http',
  http: HTTP_CHECK_DEFAULTS,
  intervalMs: 200,
  healthyThreshold: 1,
} as const;

/** Servers that expect a header, and answer with what it said. */
async function startReaders(t: TestContext) {
  const [nginx, haproxy] = [await freePort(), await freePort()];
  const said = ['addr', 'port', 'server_addr', 'server_port'].map((name) => `$proxy_protocol_${name}`);
  await startNginx(
    t,
    `server { listen 127.0.0.1:${nginx} proxy_protocol; location / { return 200 "${said.join(' ')} "; } }`,
  );
  const text = '%[src] %[src_port] %[dst] %[dst_port] %[fc_pp_unique_id]';
  await startHaproxy(
    t,
    `frontend reader
       bind 127.0.0.1:${haproxy} accept-proxy
       mode http
       http-request return status 200 content-type text/plain lf-string "${text}"`,
    haproxy,
  );
  return { nginx: `127.0.0.1:${nginx}`, haproxy: `127.0.0.1:${haproxy}` };
}

/** A proxy whose pools, each with a listener of the same name, are healthy. */
async function proxyWith(
  t: TestContext,
  pools: Readonly<Record<string, { version: 'v1' | 'v2'; backend: string; listener?: Partial<Listener> }>>,
) {
  const { replica, stateDir } = await proxySurroundings(t);
  const log = join(temporaryFolder(t), 'connections.log');
  const flags = { engine: 'epoll', 'connection-log': log };
  const proxy = await startProxyProcess(t, [replica.address], stateDir, flags);
  const ports: Record<string, number> = {};
  const resources: Resource[] = [make.policy('checked', { healthCheck: CHECK })];
  for (const [name, { version, backend, listener }] of Object.entries(pools)) {
    ports[name] = await freePort();
    const address = `127.0.0.1:${ports[name]}`;
    resources.push(
      { kind: 'pool', value: { name, policy: 'checked', proxyProtocol: version } },
      make.backend(name, backend),
      { kind: 'listener', value: { name, address, pool: name, ...listener } },
    );
  }
  assert.equal(await replica.answerTo(replica.publish(make.snapshot(1, ...resources))), null);
  for (const name of Object.keys(pools)) {
    const healthy = `lb_pool_backends{pool="${name}",health="healthy"}`;
    await eventually(
      async () => ((await readMetric(proxy.admin, healthy)) === 1 ? true : undefined),
      healthy,
    );
  }
  const lines = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(
        (line) =>
          JSON.parse(line) as { connection: string; client: string; reason: string; listener: string },
      );
  return { ports, lines };
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** What a server answers on a new connection, and the port of the client. */
async function ask(port: number, first = ''): Promise<{ body: string; from: number; how: string }> {
  const client = await dial(port);
  const from = client.localPort ?? 0;
  const received = readAll(client);
  client.write(first + GET);
  const { text, how } = await within('an answer', received);
  client.end();
  return { body: text.split('\r\n\r\n')[1] ?? '', from, how };
}

describe('PROXY headers towards backends', () => {
  it('tell nginx and HAProxy who the client is, and health checks of such servers pass', async (t) => {
    if (!present(t, 'nginx', 'haproxy')) return;
    const { nginx, haproxy } = await startReaders(t);
    const { ports, lines } = await proxyWith(t, {
      'nginx-v1': { version: 'v1', backend: nginx },
      'nginx-v2': { version: 'v2', backend: nginx },
      'haproxy-v1': { version: 'v1', backend: haproxy },
      'haproxy-v2': { version: 'v2', backend: haproxy },
    });
    for (const [name, port] of Object.entries(ports)) {
      const { body, from } = await ask(port);
      const line = await eventually(
        async () =>
          lines().find(({ client, listener }) => client === `127.0.0.1:${from}` && listener === name),
        `a line of ${name}`,
      );
      const id = name === 'haproxy-v2' ? line.connection : '';
      assert.equal(body, `127.0.0.1 ${from} 127.0.0.1 ${port} ${id}`, name);
    }
  });
});

describe('PROXY headers from balancers in front', () => {
  const listener = { acceptProxyProtocol: ['127.0.0.0/8'] };

  it('of HAProxy and nginx are read, and their client is announced to the backend and in the log', async (t) => {
    if (!present(t, 'nginx', 'haproxy')) return;
    const { haproxy } = await startReaders(t);
    const { ports, lines } = await proxyWith(t, { web: { version: 'v2', backend: haproxy, listener } });
    const fronts = [await freePort(), await freePort()];
    const sections = ['send-proxy', 'send-proxy-v2'].map(
      (send, at) =>
        `listen writer-${at}\n bind 127.0.0.1:${fronts[at]}\n server s 127.0.0.1:${ports['web']} ${send}`,
    );
    await startHaproxy(t, sections.join('\n'), fronts[1] ?? 0);
    if (hasNginxStream) {
      const front = await freePort();
      const server = `listen 127.0.0.1:${front}; proxy_pass 127.0.0.1:${ports['web']}; proxy_protocol on;`;
      await startNginx(t, '', `server { ${server} }`);
      fronts.push(front);
    }
    for (const front of fronts) {
      const { body, from } = await ask(front);
      assert.match(body, new RegExp(`^127.0.0.1 ${from} 127.0.0.1 ${front} \\S+$`));
      await eventually(
        async () => lines().find(({ client }) => client === `127.0.0.1:${from}`),
        'the announced client in the log',
      );
    }
  });

  it('are refused when there are two, none, or one that is wrong', async (t) => {
    if (!present(t, 'nginx', 'haproxy')) return;
    const { haproxy } = await startReaders(t);
    const { ports, lines } = await proxyWith(t, { web: { version: 'v1', backend: haproxy, listener } });
    const header = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n';
    const port = ports['web'] ?? 0;
    assert.match((await ask(port, header)).body, /^192.0.2.1 1 192.0.2.2 2/);
    for (const first of [header + header, '', 'PROXY TCP4 192.0.2.1\r\n'])
      assert.equal((await ask(port, first)).how, 'ECONNRESET', first);
    await eventually(
      async () =>
        lines().filter(({ reason }) => reason === 'bad_first_bytes').length === 3 ? true : undefined,
      'three refusals in the log',
    );
  });
});
