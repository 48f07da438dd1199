/** The balancers of a trial, all on one machine: Equipoise with the manifest of its page, and HAProxy in two forms. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../harness/containers/network.ts';
import type { Machine } from '../../harness/databases/machine.ts';
import { answers } from '../../harness/programs/fleet.ts';
import { built, type Scope, temporaryFolder } from '../../harness/programs/processes.ts';
import { readText } from '../../harness/source-tree.ts';
import { requireTool } from '../tools.ts';
import type { System } from './system.ts';

/** Where the clients of one balancer connect. */
export interface Contestant {
  readonly name: string;
  readonly writePort: number;
  readonly readPort: number;
}

export const OURS = 'Equipoise';
const HAPROXY_FORMS = { documented: 'HAProxy, documented', tuned: 'HAProxy, tuned' } as const;
type Form = keyof typeof HAPROXY_FORMS;

const [HTTP_PORT, ADMIN_PORT, FIRST_HAPROXY_PORT] = [7080, 7100, 9001];

/** The manifest of a page, with the addresses of a trial in the place of those that it names. */
function manifestOf(page: string, balancer: string, machines: readonly string[]): string {
  const blocks = [...readText(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const addresses = new Map([
    ['5', balancer],
    ...machines.map((address, index) => [String(11 + index), address] as const),
  ]);
  return blocks
    .join('\n---\n')
    .replace(/\b10\.0\.0\.(\d+)\b/g, (found, last: string) => addresses.get(last) ?? found);
}

export async function startEquipoise(
  scope: Scope,
  host: Host,
  system: System,
  machines: readonly Machine[],
): Promise<Contestant> {
  const state = temporaryFolder(scope);
  const start = async (program: string, address: string, flags: readonly string[]) => {
    const running = host.start(scope, process.execPath, [built(program), ...flags]);
    await running.line((line) => line.includes(address), `that it listens at ${address}`);
    await answers(`http://${address}/readyz`);
  };
  const http = `${host.address}:${HTTP_PORT}`;
  const store = `lmdb:${join(state, 'store')}`;
  const plane = ['--grpc-address', '127.0.0.1:7000', '--http-address', http, '--store', store, '--insecure'];
  await start('control-plane/main.js', http, plane);
  const admin = `${host.address}:${ADMIN_PORT}`;
  const proxy = ['--proxy-id', 'trial', '--control-plane', '127.0.0.1:7000', '--admin-address', admin];
  await start('data-plane/main.js', admin, [...proxy, '--state-dir', join(state, 'proxy'), '--workers', '1']);
  const manifest = manifestOf(system.page, host.address, addressesOf(machines));
  const apply = [built('cli/main.js'), 'apply', '-f', '-', '--wait'];
  const { code, stderr } = await host.run(process.execPath, apply, manifest);
  assert.equal(code, 0, stderr);
  return { name: OURS, writePort: system.port, readPort: system.readPort ?? system.port };
}

export function startHaproxy(
  scope: Scope,
  host: Host,
  system: System,
  machines: readonly Machine[],
): readonly Contestant[] {
  const folder = temporaryFolder(scope);
  return (Object.keys(HAPROXY_FORMS) as readonly Form[]).map((form, index) => {
    const port = FIRST_HAPROXY_PORT + index;
    const file = join(folder, `${form}.cfg`);
    writeFileSync(file, haproxyConfig(`${host.address}:${port}`, addressesOf(machines), system, form));
    host.start(scope, requireTool('haproxy'), ['-db', '-f', file]);
    return { name: HAPROXY_FORMS[form], writePort: port, readPort: port };
  });
}

const addressesOf = (machines: readonly Machine[]) => machines.map(({ address }) => address);

function haproxyConfig(bind: string, machines: readonly string[], system: System, form: Form): string {
  const { defaults, check, server } = system.haproxy[form];
  return [
    'global',
    '  maxconn 1000',
    '  nbthread 1',
    'defaults',
    '  mode tcp',
    '  retries 2',
    ...defaults.map((line) => `  ${line}`),
    'listen trial',
    `  bind ${bind}`,
    ...check.map((line) => `  ${line}`),
    ...machines.map((address, index) => `  server s${index} ${address}:${system.port} ${server(index)}`),
    '',
  ].join('\n');
}
