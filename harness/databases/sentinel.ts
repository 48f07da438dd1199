/** Redis on three machines, one master and two replicas, with a Sentinel on each. */
import { join } from 'node:path';
import type { Network } from '../containers/network.ts';
import { eventually, type Scope } from '../programs/processes.ts';
import {
  addMachines,
  askOnce,
  type DatabaseCluster,
  firstPrimary,
  holds,
  SETTLED_WITHIN_MS,
} from './cluster.ts';
import type { Machine } from './machine.ts';
import { REDIS } from './redis-protocol.ts';

const SENTINEL_PORT = 26_379;
const NAME = 'trial';
const QUORUM = 2;

function redisConfig({ address, folder }: Machine, master: Machine): readonly string[] {
  return [
    `bind ${address}`,
    'port 6379',
    'protected-mode no',
    `dir ${folder}`,
    'save ""',
    'appendonly no',
    // A master that no replica follows takes no writes: the Redis documentation recommends it, to lose less.
    'min-replicas-to-write 1',
    'min-replicas-max-lag 10',
    'repl-diskless-sync-delay 0',
    'repl-ping-replica-period 1',
    ...(address === master.address ? [] : [`replicaof ${master.address} 6379`]),
  ];
}

function sentinelConfig({ address, folder }: Machine, master: Machine): readonly string[] {
  return [
    `bind ${address}`,
    `port ${SENTINEL_PORT}`,
    'protected-mode no',
    `dir ${folder}`,
    `sentinel monitor ${NAME} ${master.address} 6379 ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} 5000`,
    `sentinel failover-timeout ${NAME} 10000`,
  ];
}

export async function startSentinelCluster(scope: Scope, network: Network): Promise<DatabaseCluster> {
  const machines = addMachines(scope, network, 'redis');
  const [first] = machines;
  if (first === undefined) throw new RangeError('a cluster has machines');
  for (const machine of machines) {
    // Both programs write into their files what they learn, so a machine that comes back knows it.
    machine.write('redis.conf', redisConfig(machine, first));
    machine.write('sentinel.conf', sentinelConfig(machine, first));
  }
  const cluster = new SentinelCluster(machines);
  await Promise.all(machines.map((machine) => cluster.start(machine)));
  return cluster;
}

class SentinelCluster implements DatabaseCluster {
  readonly protocol = REDIS;
  readonly machines: readonly Machine[];

  constructor(machines: readonly Machine[]) {
    this.machines = machines;
  }

  async start(machine: Machine): Promise<void> {
    machine.start('redis-server', [join(machine.folder, 'redis.conf')]);
    machine.start('redis-sentinel', [join(machine.folder, 'sentinel.conf')]);
  }

  isPrimary({ address }: Machine): Promise<boolean> {
    return holds(
      askOnce(REDIS, address, 'INFO replication').then(([text = '']) =>
        /role:master\r\nconnected_slaves:[1-9]/.test(text),
      ),
    );
  }

  /** Sentinel tells the old master late that it is none, so it is kept from taking writes that would be lost. */
  async switchOver(from: Machine): Promise<void> {
    await askOnce(REDIS, from.address, 'CLIENT PAUSE 15000 WRITE');
    const [sentinel] = this.machines.filter((machine) => machine !== from);
    await askOnce(REDIS, sentinel?.address ?? '', `SENTINEL FAILOVER ${NAME}`, SENTINEL_PORT);
  }

  async settled(): Promise<Machine> {
    return eventually(() => this.#settledPrimary(), 'all Redis servers follow one', SETTLED_WITHIN_MS);
  }

  /** All Sentinels name one master and know two replicas and each other, and both replicas follow it. */
  async #settledPrimary(): Promise<Machine | undefined> {
    const primary = await firstPrimary(this, this.machines);
    const [info = ''] = await askOnce(REDIS, primary.address, 'INFO replication');
    if ((info.match(/state=online/g) ?? []).length !== this.machines.length - 1) return undefined;
    for (const { address } of this.machines) {
      const words = await askOnce(REDIS, address, `SENTINEL MASTER ${NAME}`, SENTINEL_PORT);
      const field = (name: string) => words[words.indexOf(name) + 1];
      const known = [field('ip'), field('flags'), field('num-slaves'), field('num-other-sentinels')];
      if (known.join() !== `${primary.address},master,2,2`) return undefined;
    }
    return primary;
  }
}
