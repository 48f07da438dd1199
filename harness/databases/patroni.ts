/** PostgreSQL on three machines under Patroni, with an etcd of three members on a fourth. */
import type { Network } from '../containers/network.ts';
import { answers } from '../programs/fleet.ts';
import { eventually, flagList, type Scope } from '../programs/processes.ts';
import { findProgram } from '../programs/real-servers.ts';
import {
  addMachines,
  askOnce,
  type DatabaseCluster,
  firstPrimary,
  holds,
  SETTLED_WITHIN_MS,
} from './cluster.ts';
import { Machine } from './machine.ts';
import { POSTGRES } from './postgres-protocol.ts';

const REST_PORT = 8008;
const MEMBERS = 3;
const STREAMING_REPLICAS = "SELECT pid FROM pg_stat_replication WHERE state = 'streaming'";
const ANSWER_WITHIN_MS = 2_000;

/** Short, so that a round is short; Patroni's own are 30, 10 and 10 seconds. */
const TIMES = { ttl: 12, loop_wait: 3, retry_timeout: 4 };

function configOf(machine: Machine, etcd: readonly string[], binaries: string) {
  const { address, folder } = machine;
  // initdb wants a password, though everybody is trusted.
  const login = { username: 'postgres', password: 'trial' };
  return {
    scope: 'trial',
    name: address,
    restapi: { listen: `${address}:${REST_PORT}`, connect_address: `${address}:${REST_PORT}` },
    // Over etcd's newer interface, Patroni 3.0 takes the lock away from its new owner when it was stopped for a while.
    etcd: { hosts: etcd },
    bootstrap: {
      dcs: {
        ...TIMES,
        postgresql: {
          use_pg_rewind: true,
          parameters: { max_connections: 60, shared_buffers: '16MB', wal_keep_size: '128MB', fsync: false },
        },
      },
      initdb: ['data-checksums', { encoding: 'UTF8' }],
    },
    postgresql: {
      listen: `${address}:5432`,
      connect_address: `${address}:5432`,
      data_dir: `${folder}/data`,
      bin_dir: binaries,
      pgpass: `${folder}/pgpass`,
      parameters: { unix_socket_directories: folder },
      authentication: { superuser: login, replication: login, rewind: login },
      pg_hba: ['local all all trust', 'host all all all trust', 'host replication all all trust'],
      basebackup: { checkpoint: 'fast' },
    },
  };
}

async function startEtcd(machine: Machine): Promise<readonly string[]> {
  const members = Array.from({ length: MEMBERS }, (_, index) => ({
    name: `m${index}`,
    client: `http://${machine.address}:${2379 + 10 * index}`,
    peer: `http://${machine.address}:${2380 + 10 * index}`,
  }));
  const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
  for (const { name, client, peer } of members) {
    const flags = {
      name,
      'data-dir': `${machine.folder}/${name}`,
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': cluster,
      'enable-v2': 'true',
      'log-level': 'error',
    };
    machine.start('etcd', flagList(flags));
  }
  await Promise.all(members.map(({ client }) => answers(`${client}/health`)));
  return members.map(({ client }) => client.slice('http://'.length));
}

export async function startPatroniCluster(scope: Scope, network: Network): Promise<DatabaseCluster> {
  const etcd = await startEtcd(new Machine(scope, network.addHost(scope), 'postgres'));
  const machines = addMachines(scope, network, 'postgres');
  const postgres = findProgram('postgres') ?? '';
  const binaries = postgres.slice(0, postgres.lastIndexOf('/'));
  // YAML contains JSON.
  for (const machine of machines) {
    machine.write('patroni.yml', [JSON.stringify(configOf(machine, etcd, binaries))]);
  }
  const cluster = new PatroniCluster(machines);
  await Promise.all(machines.map((machine) => cluster.start(machine)));
  return cluster;
}

class PatroniCluster implements DatabaseCluster {
  readonly protocol = POSTGRES;
  readonly machines: readonly Machine[];

  constructor(machines: readonly Machine[]) {
    this.machines = machines;
  }

  async start(machine: Machine): Promise<void> {
    machine.start('patroni', [`${machine.folder}/patroni.yml`]);
  }

  isPrimary(machine: Machine): Promise<boolean> {
    // A replica has the lock, and its page says 200, a moment before it is promoted.
    return holds(
      ask(machine, '/primary').then(async (page) => page.ok && (await page.text()).includes('"location"')),
    );
  }

  async switchOver(from: Machine): Promise<void> {
    const body = JSON.stringify({ leader: from.address });
    const response = await fetch(url(from, '/switchover'), { method: 'POST', body });
    if (!response.ok) throw new Error(`Patroni does not switch over: ${await response.text()}`);
  }

  settled(): Promise<Machine> {
    return eventually(() => this.#settledPrimary(), 'all members of Patroni run', SETTLED_WITHIN_MS);
  }

  /** Every member runs, and the replicas receive what the primary writes. */
  async #settledPrimary(): Promise<Machine | undefined> {
    const answers = await Promise.all(this.machines.map((machine) => ask(machine, '/health')));
    if (!answers.every(({ ok }) => ok)) return undefined;
    const primary = await firstPrimary(this, this.machines);
    const streaming = await askOnce(POSTGRES, primary.address, STREAMING_REPLICAS);
    return streaming.length === this.machines.length - 1 ? primary : undefined;
  }
}

const url = ({ address }: Machine, path: string) => `http://${address}:${REST_PORT}${path}`;

function ask(machine: Machine, path: string): Promise<Response> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  return fetch(url(machine, path), { signal, headers: { connection: 'close' } });
}
