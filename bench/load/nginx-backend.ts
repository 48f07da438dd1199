/** The web server behind the balancers: two small answers, and a count of what it has served. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { freePort } from '../../harness/free-port.ts';
import { eventually, temporaryFolder, type Scope } from '../../harness/programs/processes.ts';
import { startPinned } from '../pinning.ts';
import { requireTool } from '../tools.ts';

/** Paths it answers. */
export const SMALL = { path: '/small', bytes: 12, label: '12 B' } as const;
export const LARGE = { path: '/large', bytes: 16_384, label: '16 KB' } as const;

export interface WebBackend {
  /** HOST:PORT, as many as were asked for. */
  readonly addresses: readonly string[];
  served(): Promise<Served>;
}

interface Served {
  readonly requests: number;
  readonly active: number;
}

/** Starts it on one port of all these addresses. */
export async function startWebBackend(
  scope: Scope,
  cpu: number,
  hosts: readonly string[] = ['127.0.0.1'],
): Promise<WebBackend> {
  const folder = temporaryFolder(scope);
  const port = await freePort();
  const addresses = hosts.map((host) => `${host}:${port}`);
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'files', 'large'), 'x'.repeat(LARGE.bytes));
  writeFileSync(join(folder, 'nginx.conf'), backendConfig(folder, addresses));
  const [address = ''] = addresses;
  startPinned(scope, cpu, requireTool('nginx'), [
    '-p',
    folder,
    '-e',
    'stderr',
    '-c',
    join(folder, 'nginx.conf'),
  ]);
  const served = async () => parseServed(await fetchText(`http://${address}/served`));
  await eventually(served, `nginx on ${address}`);
  return { addresses, served };
}

/** The configuration file. Pure. */
function backendConfig(folder: string, addresses: readonly string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    'daemon off; master_process off; worker_rlimit_nofile 19000;',
    `pid ${folder}/nginx.pid; error_log stderr;`,
    'events { worker_connections 9000; }',
    'http {',
    '  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; sendfile on; tcp_nopush on;',
    '  open_file_cache max=10; default_type text/plain;',
    ...temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`),
    '  server {',
    ...addresses.map((address) => `    listen ${address} backlog=4096;`),
    `    location = ${SMALL.path} { return 200 "${'x'.repeat(SMALL.bytes)}"; }`,
    `    location = ${LARGE.path} { root ${folder}/files; }`,
    '    location = /served { stub_status; }',
    '  }',
    '}',
    '',
  ].join('\n');
}

/** nginx's stub_status. Pure. */
function parseServed(text: string): Served {
  const active = /^Active connections: (\d+)/.exec(text)?.[1];
  const requests = /^ \d+ \d+ (\d+) $/m.exec(text)?.[1];
  return { requests: Number(requests), active: Number(active) };
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve(text));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error(`${url}: no answer`)));
    request.once('error', reject);
  });
}
