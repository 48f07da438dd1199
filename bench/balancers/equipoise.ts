/** This load balancer: a control plane and one proxy with one worker, everything at its defaults. */
import { join } from 'node:path';
import { freePort } from '../../harness/free-port.ts';
import type { BackendDraft, ResourceDraft } from '../../core/model/draft.ts';
import { callUnary, connectReplica, type ReplicaClient, type UnaryMethod } from '../../core/wire/clients.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import type { UpdateBackendRequest } from '../../core/wire/generated/lb/v1/UpdateBackendRequest.ts';
import { backendDraftToWire, resourceDraftToWire } from '../../core/wire/resource-codec.ts';
import { startControlPlane } from '../../harness/programs/fleet.ts';
import { built, temporaryFolder, type Scope } from '../../harness/programs/processes.ts';
import { readMetric } from '../../harness/programs/proxy-process.ts';
import { OURS, OURS_SPLICE } from '../contestant-names.ts';
import type { Engine } from '../engine-flag.ts';
import { startPinned, yieldToOthers } from '../pinning.ts';
import { accepts, type Balancer, type BalancerKind, type Surroundings } from './balancer.ts';
import { untilHealthy } from './healthy.ts';

/** The pool that serves the listener. */
export const POOL = 'bench';
const CALL_DEADLINE_MS = 20_000;

export interface Equipoise extends Balancer {
  readonly client: ReplicaClient;
  readonly proxies: readonly ProxyProcess[];
}

export interface ProxyProcess {
  readonly pid: number;
  /** HOST:PORT of /metrics. */
  readonly admin: string;
  /** Which engine it chose, and how many connections it allows itself. */
  readonly engine: string;
  readonly connectionLimit: number;
}

export interface EquipoiseSetup extends Surroundings {
  readonly engine: Engine;
  /** Move bulk inside the kernel; off when left out. */
  readonly splice?: boolean;
  /** The directory of a certificate `bench`, which the listeners terminate TLS with. */
  readonly certificates?: string;
  /** Where clients connect; each proxy has all of them. */
  readonly listeners?: readonly string[];
  /** How many proxies share the listeners. */
  readonly proxies?: number;
  /** Further resources, and backends of the pool that differ from the default. */
  readonly more?: readonly ResourceDraft[];
}

/** As a contestant in a comparison. */
export function equipoise(engine: Engine): BalancerKind {
  return { name: OURS, start: (scope, around) => startEquipoise(scope, { ...around, engine }) };
}

/** As people start it for bulk. */
export function equipoiseSplice(engine: Engine): BalancerKind {
  return {
    name: OURS_SPLICE,
    start: (scope, around) => startEquipoise(scope, { ...around, engine, splice: true }),
  };
}

/** Starts a control plane where this program runs, and proxies on the CPU of the process under test. */
export async function startEquipoise(scope: Scope, setup: EquipoiseSetup): Promise<Equipoise> {
  const plane = await startControlPlane(scope);
  yieldToOthers(plane.pid);
  const client = connectReplica(plane.grpc);
  scope.after(() => client.close());
  const listeners = setup.listeners ?? [`127.0.0.1:${await freePort()}`];
  await apply(client, [
    ...(setup.more ?? []),
    { kind: 'pool', value: { name: POOL, backends: setup.backends.map((address) => ({ address })) } },
    ...listeners.map(
      (address, index): ResourceDraft => ({
        kind: 'listener',
        value: {
          name: `bench-${index}`,
          address,
          pool: POOL,
          ...(setup.certificates !== undefined && { tls: { certificates: ['bench'] } }),
        },
      }),
    ),
  ]);
  const count = setup.proxies ?? 1;
  const proxies: ProxyProcess[] = [];
  for (let index = 0; index < count; index += 1) {
    proxies.push(await startProxy(scope, setup, plane.grpc, `bench-${index}`, count > 1));
  }
  const [first] = proxies;
  const [address] = listeners;
  if (first === undefined || address === undefined) throw new Error('a proxy and a listener are needed');
  await accepts(address);
  for (const proxy of proxies) await untilHealthy(proxy.admin, setup.backends.length);
  return { name: setup.splice ? OURS_SPLICE : OURS, pid: first.pid, address, client, proxies };
}

/** Commits resources. */
export async function apply(client: ReplicaClient, drafts: readonly ResourceDraft[]): Promise<void> {
  const resources = drafts.map(resourceDraftToWire);
  await callUnary(client.config.apply.bind(client.config), { resources }, CALL_DEADLINE_MS);
}

/** Commits a change of one backend. Answers the revision. */
export async function updateBackend(
  client: ReplicaClient,
  pool: string,
  draft: BackendDraft,
): Promise<number> {
  const update: UnaryMethod<UpdateBackendRequest, ChangeResult__Output> = client.pools.updateBackend.bind(
    client.pools,
  );
  const request = { pool, backend: backendDraftToWire(draft) };
  return Number((await callUnary(update, request, CALL_DEADLINE_MS)).response.revision);
}

async function startProxy(
  scope: Scope,
  { cpus, engine, splice = false, certificates }: EquipoiseSetup,
  controlPlane: string,
  id: string,
  shared: boolean,
): Promise<ProxyProcess> {
  const flags = {
    'proxy-id': id,
    'control-plane': controlPlane,
    'admin-address': '127.0.0.1:0',
    'state-dir': join(temporaryFolder(scope), 'state'),
    workers: '1',
    engine,
    splice: String(splice),
    ...(certificates !== undefined && { certificates }),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  if (shared) args.push('--share-listeners');
  const running = startPinned(scope, cpus.subject, process.execPath, [built('data-plane/main.js'), ...args]);
  const started = await running.line(
    (line) => (line.includes('"admin_address"') ? (JSON.parse(line) as Record<string, unknown>) : undefined),
    'the start-up log line',
  );
  return {
    pid: running.pid,
    admin: String(started['admin_address']),
    engine: String(started['engine']),
    connectionLimit: Number(started['connection_limit']),
  };
}

/** The revision a proxy runs. */
export async function runningRevision(proxy: ProxyProcess): Promise<number> {
  return (await readMetric(proxy.admin, 'lb_config_revision')) ?? 0;
}
