/** HAProxy in TCP mode with one thread: as it comes, and in the two forms that people tune it to for bulk. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../harness/free-port.ts';
import { temporaryFolder } from '../../harness/programs/processes.ts';
import { HAPROXY, HAPROXY_AGAIN, HAPROXY_LARGE_BUFFERS, HAPROXY_SPLICE } from '../contestant-names.ts';
import { startPinned } from '../pinning.ts';
import { requireTool } from '../tools.ts';
import { accepts, type BalancerKind } from './balancer.ts';

interface HaproxyForm {
  readonly global: readonly string[];
  readonly defaults: readonly string[];
  /** What follows the address of `bind`. */
  readonly bind?: string;
}

const DEFAULT: HaproxyForm = { global: [], defaults: [] };
const LARGE_BUFFERS: HaproxyForm = { global: ['tune.bufsize 262144'], defaults: [] };
/** Not `splice-auto`, whose heuristic hardly ever splices here: the form to beat is the one that does. */
const SPLICE: HaproxyForm = {
  global: ['tune.pipesize 262144'],
  defaults: ['option splice-request', 'option splice-response'],
};

/** The configuration file. Checks are on with our defaults, because they are on with us. Pure. */
function haproxyConfig(
  address: string,
  backends: readonly string[],
  connections: number,
  form: HaproxyForm = DEFAULT,
): string {
  return [
    'global',
    '  nbthread 1',
    `  maxconn ${connections}`,
    ...form.global.map((line) => `  ${line}`),
    'defaults',
    '  mode tcp',
    '  timeout connect 5s',
    '  timeout client 1h',
    '  timeout server 1h',
    ...form.defaults.map((line) => `  ${line}`),
    'listen bench',
    `  bind ${address} ${form.bind ?? ''}`.trimEnd(),
    ...backends.map((backend, index) => `  server s${index} ${backend} check inter 5s rise 2 fall 3`),
    '',
  ].join('\n');
}

export function haproxyKind(name: string, form: HaproxyForm): BalancerKind {
  return {
    name,
    async start(scope, { cpus, backends, connections }) {
      const address = `127.0.0.1:${await freePort()}`;
      const file = join(temporaryFolder(scope), 'haproxy.cfg');
      writeFileSync(file, haproxyConfig(address, backends, connections, form));
      const { pid } = startPinned(scope, cpus.subject, requireTool('haproxy'), ['-db', '-f', file]);
      await accepts(address);
      return { name, pid, address };
    },
  };
}

export const haproxy = haproxyKind(HAPROXY, DEFAULT);
export const haproxyAgain = haproxyKind(HAPROXY_AGAIN, DEFAULT);
export const haproxyLargeBuffers = haproxyKind(HAPROXY_LARGE_BUFFERS, LARGE_BUFFERS);
export const haproxySplice = haproxyKind(HAPROXY_SPLICE, SPLICE);
