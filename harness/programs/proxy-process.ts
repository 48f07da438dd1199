/** A real proxy process in front of servers of the test, configured by a scripted control plane. */
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import type { Position } from '../../core/model/commit.ts';
import type { Resource } from '../../core/model/resources.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import {
  flagList,
  type RunningProcess,
  type Scope,
  type SpawnOptions,
  startBuilt,
  temporaryFolder,
} from './processes.ts';
import { type ScriptedReplica, startScriptedReplica } from '../proxy/scripted-replica.ts';
import * as make from '../snapshots.ts';
import { ask, dial, startEcho, type TcpServer } from '../engine/tcp.ts';

export interface ProxyProcess extends RunningProcess {
  /** HOST:PORT. */
  readonly admin: string;
}

/** Starts a proxy with two workers, and waits until it says its admin address. */
export async function startProxyProcess(
  scope: Scope,
  replicas: readonly string[],
  stateDir: string,
  flags: Readonly<Record<string, string>> = {},
  options: SpawnOptions = {},
): Promise<ProxyProcess> {
  const all = {
    'proxy-id': 'p1',
    workers: '2',
    'admin-address': '127.0.0.1:0',
    'control-plane': replicas.join(','),
    'state-dir': stateDir,
    ...flags,
  };
  const running = startBuilt(scope, 'data-plane/main.js', flagList(all), options);
  const admin = await running.line((line) => /"admin_address":"([^"]+)"/.exec(line)?.[1], 'admin_address');
  return { ...running, admin };
}

const UNCHECKED = make.policy('unchecked', {
  healthCheck: {
    type: 'none',
    intervalMs: 1_000,
    timeoutMs: 1_000,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
  },
});

/** The pool `web` of these backends, which count as up, behind the listener `web`. */
export function webResources(port: number, ...backends: readonly string[]): readonly Resource[] {
  return [
    UNCHECKED,
    make.pool('web', 'unchecked'),
    make.listener('web', `127.0.0.1:${port}`, 'web'),
    ...backends.map((address) => make.backend('web', address)),
  ];
}

export function webSnapshot(at: Position | number, port: number, ...backends: readonly string[]): Snapshot {
  return make.snapshot(at, ...webResources(port, ...backends));
}

export interface Surroundings {
  readonly replica: ScriptedReplica;
  /** Answers `one:TEXT`. */
  readonly echo: TcpServer;
  /** Free, for the listener. */
  readonly port: number;
  readonly stateDir: string;
}

/** What a proxy needs around it. */
export async function proxySurroundings(scope: Scope): Promise<Surroundings> {
  const echo = await startEcho('one');
  scope.after(() => echo.stop());
  const stateDir = join(temporaryFolder(scope), 'state');
  return { replica: await startScriptedReplica(scope), echo, port: await freePort(), stateDir };
}

/** What a new connection to a port answers to `hello`. */
export async function askOnce(port: number): Promise<string> {
  const socket = await dial(port);
  const answer = await ask(socket, 'hello');
  socket.destroy();
  return answer;
}

/** The value of a proxy's metric, named with its labels if it has any. */
export async function readMetric(admin: string, name: string): Promise<number | undefined> {
  const text = await (await fetch(`http://${admin}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
