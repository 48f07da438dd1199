/** nginx's stream module with one process. It has no active health checks in the open-source version. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../harness/free-port.ts';
import { temporaryFolder } from '../../harness/programs/processes.ts';
import { NGINX } from '../contestant-names.ts';
import { startPinned } from '../pinning.ts';
import { findStreamModule, requireTool } from '../tools.ts';
import { accepts, type BalancerKind } from './balancer.ts';

/** The configuration file. Pure. */
function streamConfig(
  folder: string,
  module: string,
  address: string,
  backends: readonly string[],
  connections: number,
): string {
  const descriptors = 2 * connections + 100;
  return [
    `load_module ${module};`,
    `daemon off; master_process off; worker_processes 1; worker_rlimit_nofile ${descriptors};`,
    `pid ${folder}/nginx.pid; error_log stderr;`,
    `events { worker_connections ${descriptors}; }`,
    'stream {',
    `  upstream bench { ${backends.map((backend) => `server ${backend};`).join(' ')} }`,
    `  server { listen ${address} backlog=4096; proxy_connect_timeout 5s; proxy_timeout 1h; proxy_pass bench; }`,
    '}',
    '',
  ].join('\n');
}

export const nginxStream: BalancerKind = {
  name: NGINX,
  async start(scope, { cpus, backends, connections }) {
    const folder = temporaryFolder(scope);
    const address = `127.0.0.1:${await freePort()}`;
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, streamConfig(folder, findStreamModule() ?? '', address, backends, connections));
    const args = ['-p', folder, '-e', 'stderr', '-c', file];
    const { pid } = startPinned(scope, cpus.subject, requireTool('nginx'), args);
    await accepts(address);
    return { name: NGINX, pid, address };
  },
};
