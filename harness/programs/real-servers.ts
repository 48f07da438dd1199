/** nginx, Redis and PostgreSQL from Debian's packages, each on a free port, gone after the test. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../free-port.ts';
import {
  eventually,
  run,
  startProcess,
  temporaryFolder,
  type Scope,
  type SpawnOptions,
} from './processes.ts';

const PACKAGES = {
  etcd: 'etcd-server',
  etcdctl: 'etcd-client',
  strace: 'strace',
  keepalived: 'keepalived',
  nft: 'nftables',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'systemd-analyze': 'systemd',
  chromium: 'chromium',
  nginx: 'nginx-light',
  openssl: 'openssl',
  haproxy: 'haproxy',
  smtpd: 'opensmtpd',
  wrk: 'wrk',
  'redis-server': 'redis-server',
  'redis-benchmark': 'redis-tools',
  initdb: 'postgresql',
  postgres: 'postgresql',
  pgbench: 'postgresql',
  psql: 'postgresql',
  'redis-sentinel': 'redis-sentinel',
  patroni: 'patroni',
  mariadbd: 'mariadb-server',
  dnsmasq: 'dnsmasq-base',
} as const;
export type RealProgram = keyof typeof PACKAGES;

/** Debian keeps PostgreSQL's server programs out of the PATH. */
function searchPath(): readonly string[] {
  const postgres = '/usr/lib/postgresql';
  const versions = existsSync(postgres) ? readdirSync(postgres).sort().reverse() : [];
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  return [...versions.map((version) => join(postgres, version, 'bin')), ...path, '/usr/sbin', '/usr/bin'];
}

/** The file of a program, or undefined when it is not on this machine. */
export function findProgram(name: RealProgram): string | undefined {
  return searchPath()
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/**
 * True when all programs are there. Otherwise the test is skipped with a line that says how to get them; where
 * CI=true it fails instead, because there they must be.
 */
export function present(t: TestContext, ...names: readonly RealProgram[]): boolean {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return true;
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
  const words = `${missing.join(', ')} not found: apt-get install ${packages.join(' ')}`;
  assert.notEqual(process.env['CI'], 'true', words);
  t.skip(words);
  return false;
}

export function programFile(name: RealProgram): string {
  const file = findProgram(name);
  assert.ok(file, `${name} not found`);
  return file;
}

/** Waits until somebody accepts connections there. */
async function accepts(host: string, port: number): Promise<void> {
  await eventually(
    () =>
      new Promise<true>((resolve, reject) => {
        const socket = createConnection({ host, port }, () => resolve(socket.destroy() && true));
        socket.once('error', reject);
      }),
    `${host}:${port} accepting connections`,
  );
}

/** Of the package libnginx-mod-stream: nginx as a balancer of TCP. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';
export const hasNginxStream = existsSync(STREAM_MODULE);

/**
 * One nginx that answers every request with its own address, and has the `more` servers given, and those of `stream` for
 * TCP. Answers that address.
 */
export async function startNginx(scope: Scope, more = '', stream = ''): Promise<string> {
  const folder = temporaryFolder(scope);
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = [
    ...(stream === '' ? [] : [`load_module ${STREAM_MODULE};`, `stream { ${stream} }`]),
    'daemon off; master_process off; worker_rlimit_nofile 4096;',
    `pid ${folder}/nginx.pid; error_log stderr;`,
    'events { worker_connections 2048; }',
    'http { access_log off; keepalive_requests 1000000; keepalive_timeout 75s;',
    ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
    `server { listen 127.0.0.1:${port} backlog=2048; location / { return 200 "nginx ${port}\\n"; } } ${more} }`,
  ].join('\n');
  writeFileSync(join(folder, 'nginx.conf'), config);
  startProcess(scope, programFile('nginx'), ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]);
  await accepts('127.0.0.1', port);
  return `127.0.0.1:${port}`;
}

/** One HAProxy with these sections, one of which listens on a port of 127.0.0.1. */
export async function startHaproxy(scope: Scope, sections: string, port: number): Promise<void> {
  const file = join(temporaryFolder(scope), 'haproxy.cfg');
  const timeouts = ['connect', 'client', 'server'].map((name) => `  timeout ${name} 30s`);
  writeFileSync(file, `${['defaults', ...timeouts, sections].join('\n')}\n`);
  startProcess(scope, programFile('haproxy'), ['-db', '-f', file]);
  await accepts('127.0.0.1', port);
}

/** One Redis that keeps nothing. Answers its address. */
export async function startRedis(scope: Scope, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const port = await freePort();
  const flags = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: temporaryFolder(scope), ...more };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  startProcess(scope, programFile('redis-server'), args);
  await accepts('127.0.0.1', port);
  return `127.0.0.1:${port}`;
}

/**
 * One PostgreSQL server, with pgbench's tables, at several loopback addresses, which it answers. It refuses to run as root,
 * so root lends it another user. With a key and its certificate it offers TLS.
 */
export async function startPostgres(
  scope: Scope,
  hosts: readonly string[],
  tls?: { readonly cert: string; readonly key: string },
): Promise<readonly string[]> {
  const user = unprivileged();
  const folder = temporaryFolder(scope);
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  mkdirSync(data);
  if (user.uid !== undefined && user.gid !== undefined) {
    chownSync(data, user.uid, user.gid);
    if (tls) chownSync(tls.key, user.uid, user.gid);
  }
  const init = await run(programFile('initdb'), ['-D', data, '-U', 'bench', '-A', 'trust', '-N'], {
    ...user,
    cwd: '/',
  });
  assert.equal(init.code, 0, init.stderr);
  const port = await freePort();
  const settings = {
    listen_addresses: hosts.join(','),
    port,
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: 200,
    ...(tls && { ssl: 'on', ssl_cert_file: tls.cert, ssl_key_file: tls.key }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  startProcess(scope, programFile('postgres'), ['-D', data, ...flags], {
    ...user,
    cwd: '/',
    endSignal: 'SIGINT',
  });
  for (const host of hosts) await accepts(host, port);
  const login = ['-h', hosts[0] ?? '', '-p', String(port), '-U', 'bench'];
  await eventually(async () => {
    const tables = await run(programFile('pgbench'), ['-i', '-q', ...login, 'postgres']);
    return tables.code === 0;
  }, 'pgbench -i');
  return hosts.map((host) => `${host}:${port}`);
}

export function unprivileged(): SpawnOptions {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
