/** A control plane, proxies and lbctl as real processes on free ports and temporary folders. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import {
  built,
  eventually,
  flagList,
  run,
  startBuilt,
  temporaryFolder,
  type Finished,
  type RunningProcess,
  type Scope,
} from './processes.ts';

export interface ControlPlane extends RunningProcess {
  readonly grpc: string;
  readonly http: string;
}

export interface Proxy extends RunningProcess {
  readonly id: string;
  readonly admin: string;
}

/** Answers the value of a field of a JSON log line. */
function field(name: string): (line: string) => string | undefined {
  return (line) => {
    if (!line.startsWith('{')) return undefined;
    const value = (JSON.parse(line) as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : undefined;
  };
}

export interface ControlPlaneStart {
  /** A free port when left out. */
  readonly grpcAddress?: string;
  readonly flags?: readonly string[];
}

/** Starts a control plane and waits until it is ready. Without a store: an empty one of its own. */
export async function startControlPlane(
  scope: Scope,
  store?: string,
  { grpcAddress = '127.0.0.1:0', flags = [] }: ControlPlaneStart = {},
): Promise<ControlPlane> {
  const kept = store ?? `lmdb:${join(temporaryFolder(scope), 'store')}`;
  const args = ['--grpc-address', grpcAddress, '--http-address', '127.0.0.1:0', '--store', kept];
  const running = startBuilt(scope, 'control-plane/main.js', [...args, ...flags]);
  const grpc = await running.line(field('grpc_address'), 'the gRPC address');
  const http = await running.line(field('http_address'), 'the HTTP address');
  await answers(`http://${http}/readyz`);
  return { ...running, grpc, http };
}

/** Starts a proxy and waits until it runs a snapshot. */
export async function startProxy(
  scope: Scope,
  id: string,
  controlPlanes: readonly string[],
  flags: readonly string[] = [],
): Promise<Proxy> {
  const own = {
    'proxy-id': id,
    'control-plane': controlPlanes.join(','),
    'admin-address': '127.0.0.1:0',
    'state-dir': join(temporaryFolder(scope), 'state'),
  };
  const running = startBuilt(scope, 'data-plane/main.js', [...flagList(own), ...flags]);
  const admin = await running.line(field('admin_address'), 'the admin address');
  await answers(`http://${admin}/readyz`);
  return { ...running, id, admin };
}

/** Starts a backend that answers HTTP with its port in its name, at a free one unless told. Answers its address. */
export async function startDemoBackend(scope: Scope, wanted?: number): Promise<string> {
  const port = wanted ?? (await freePort());
  await startBuilt(scope, 'examples/demo-backend.js', [String(port)]).line(() => true, 'its address');
  return `127.0.0.1:${port}`;
}

/** Waits until a URL answers 200, over a new connection each time. Answers the body. */
export function answers(url: string): Promise<string> {
  return eventually(
    async () => {
      const response = await fetch(url, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(2_000),
      });
      const text = await response.text();
      return response.ok ? text : undefined;
    },
    url,
    60_000,
  );
}

export interface Lbctl {
  /** Runs lbctl, whatever its exit code. */
  (args: readonly string[], input?: string): Promise<Finished>;
}

/** lbctl against the control planes at these addresses. */
export function lbctlFor(...servers: readonly string[]): Lbctl {
  return (args, input) =>
    run(process.execPath, [built('cli/main.js'), '--server', servers.join(','), ...args], {}, input);
}

/** Runs lbctl and fails unless it exits 0. Answers what it printed. */
export async function succeed(lbctl: Lbctl, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await lbctl(args, input);
  assert.equal(code, 0, `lbctl ${args.join(' ')} exited ${code}:\n${stderr}${stdout}`);
  return stdout;
}

/** The sum of a metric's samples whose labels contain all of `labels`, such as `backend="127.0.0.1:80"`. */
export async function metricSum(proxy: Proxy, name: string, ...labels: readonly string[]): Promise<number> {
  const response = await fetch(`http://${proxy.admin}/metrics`);
  return (await response.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
