/** `lbctl register` as a real process, with a small HTTP server as its command, and a fleet for it to register with. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { callUnary, connectReplica, type ReplicaClient, type UnaryMethod } from '../../core/wire/clients.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { ListRegistrationsResponse__Output } from '../../core/wire/generated/lb/v1/ListRegistrationsResponse.ts';
import type { Registration__Output } from '../../core/wire/generated/lb/v1/Registration.ts';
import { answers, type ControlPlane, startControlPlane, startProxy } from './fleet.ts';
import {
  built,
  eventually,
  type RunningProcess,
  type Scope,
  shellQuoted,
  startProcess,
  temporaryFolder,
} from './processes.ts';

export interface RegistrationScene {
  readonly planes: readonly [ControlPlane, ControlPlane];
  /** Their gRPC addresses. */
  readonly servers: readonly [string, string];
  /** A client of each. */
  readonly clients: readonly [ReplicaClient, ReplicaClient];
  /** HOST:PORT. */
  readonly listener: string;
}

/** Two replicas on one store, one proxy, and a listener for the pool `web`, which is empty and checked often. */
export async function registrationScene(
  scope: Scope,
  store = `lmdb:${join(temporaryFolder(scope), 'store')}`,
): Promise<RegistrationScene> {
  const planes = await Promise.all([startControlPlane(scope, store), startControlPlane(scope, store)]);
  const servers = [planes[0].grpc, planes[1].grpc] as const;
  const clients = [clientOf(scope, servers[0]), clientOf(scope, servers[1])] as const;
  const address = `127.0.0.1:${await freePort()}`;
  const resources = [
    { policy: { name: 'quick', healthCheck: { interval: { nanos: 200_000_000 } } } },
    { pool: { name: 'web', policy: 'quick' } },
    { listener: { name: 'web', address, pool: 'web' } },
  ];
  const { config } = clients[0];
  await callUnary(config.apply.bind(config), { resources }, 20_000);
  await startProxy(scope, 'edge', servers);
  return { planes, servers, clients, listener: address };
}

export function clientOf(scope: Scope, address: string): ReplicaClient {
  const client = connectReplica(address);
  scope.after(() => client.close());
  return client;
}

/** Every registration, as a replica sees it. */
export async function registrationsAt({ registrations }: ReplicaClient): Promise<Registration__Output[]> {
  const call: UnaryMethod<object, ListRegistrationsResponse__Output> =
    registrations.listRegistrations.bind(registrations);
  return (await callUnary(call, {}, 20_000)).response.registrations;
}

export async function addressesAt(client: ReplicaClient): Promise<readonly string[]> {
  return (await registrationsAt(client)).map(({ address }) => address);
}

/** Waits until the listener has given an answer of that backend. */
export async function untilServes(listener: string, { name }: RegisteredBackend): Promise<void> {
  await eventually(async () => (await answers(`http://${listener}/`)) === name, `${name} serves`);
}

/** Asks a listener again and again, over new connections. `end` fails unless every one of them was answered. */
export function startTraffic(listener: string): { end(): Promise<void> } {
  let stopping = false;
  let answered = 0;
  const failed: string[] = [];
  const running = (async () => {
    while (!stopping) {
      const options = { headers: { connection: 'close' }, signal: AbortSignal.timeout(20_000) };
      await fetch(`http://${listener}/`, options)
        .then((response) => response.text())
        .then(() => (answered += 1))
        .catch((error: Error) => failed.push(messageOf(error.cause ?? error)));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async end() {
      stopping = true;
      await running;
      assert.ok(answered > 0);
      assert.deepEqual(failed, []);
    },
  };
}

/** Answers HTTP with its name; SIGTERM: exit code 7. Ends with lbctl, or with the process of the test. */
const SERVER = `
  const [port, name, test] = process.argv.slice(1);
  require('node:http').createServer((_, answer) => answer.end(name)).listen(Number(port), '127.0.0.1');
  setInterval(() => { try { process.kill(Number(test), 0); } catch { process.exit(); } }, 1000);
  process.on('SIGTERM', () => process.exit(7));
  console.log('serves, process ' + process.pid);
`;

export interface RegisteredBackend extends RunningProcess {
  readonly address: string;
  readonly name: string;
  readonly commandPid: number;
}

export interface RegisterOptions {
  readonly ttl?: string;
  readonly flags?: readonly string[];
  /** At a terminal of its own: what is written to it is typed there. */
  readonly typed?: boolean;
  /** Its server has a session of its own, and lives on when lbctl and what it started are killed. */
  readonly escapes?: boolean;
}

/** Waits until the command serves; not until it is registered. */
export async function startRegisteredBackend(
  scope: Scope,
  servers: readonly string[],
  pool: string,
  { ttl = '3s', flags = [], typed = false, escapes = false }: RegisterOptions = {},
): Promise<RegisteredBackend> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const name = `backend ${port}`;
  const own = ['--server', servers.join(','), 'register', pool, address, '--ttl', ttl, ...flags, '--'];
  const apart = escapes ? ['setsid', '--wait'] : [];
  const command = [...apart, process.execPath, '-e', SERVER, String(port), name, String(process.pid)];
  let commandPid = 0;
  // Before lbctl's own end, which is seen only when nobody holds its streams any more.
  scope.after(() => {
    try {
      if (commandPid > 0) process.kill(commandPid, 'SIGKILL');
    } catch {
      // It has ended with its registration.
    }
  });
  const all = [process.execPath, built('cli/main.js'), ...own, ...command];
  const running = typed ? startTyped(scope, all) : startProcess(scope, all[0] ?? '', all.slice(1));
  const pid = await running.line((line) => /^serves, process (\d+)$/.exec(line)?.[1], 'its command');
  commandPid = Number(pid);
  return { ...running, address, name, commandPid };
}

function startTyped(scope: Scope, command: readonly string[]): RunningProcess {
  const line = command.map(shellQuoted).join(' ');
  return startProcess(scope, 'script', ['-qefc', `exec ${line}`, '/dev/null'], {
    env: { SHELL: '/bin/sh' },
  });
}

/** Waits until it says that it is registered; how often it has said so by then. */
export function untilRegistered(registered: RegisteredBackend, at = ''): Promise<string> {
  return registered.line(
    (line) => (line.startsWith('lbctl: registered ') && line.includes(`at ${at}`) ? line : undefined),
    'a registration',
  );
}
