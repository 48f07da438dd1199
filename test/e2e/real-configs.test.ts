/**
 * Every manifest of examples/configurations on one proxy: what the configuration that it stands for promises to clients. In the long form the
 * same is tried with HAProxy, from the .cfg beside the manifest.
 */
import { writeFileSync } from 'node:fs';
import { after, before, describe } from 'node:test';
import { join } from 'node:path';
import type { Configuration } from '../../harness/configurations/configuration.ts';
import { Front } from '../../harness/configurations/front.ts';
import { lbctlFor, startControlPlane, startProxy, succeed } from '../../harness/programs/fleet.ts';
import { laterScope, type Scope, startProcess, temporaryFolder } from '../../harness/programs/processes.ts';
import { findProgram } from '../../harness/programs/real-servers.ts';
import { byRunLength } from '../../harness/run-length.ts';
import { OWN_LOOPBACK } from '../../harness/loopback.ts';
import { readText } from '../../harness/source-tree.ts';
import { kubernetesApi } from './real-configs/kubernetes.ts';
import { postgresWriter, sqlReadiness } from './real-configs/pages.ts';
import { redisMaster } from './real-configs/redis.ts';
import { etcdWeights, postgresBySource, rabbitmqIdle, sqlNodes } from './real-configs/steady.ts';
import { kubernetesBootstrap, mysqlReserve } from './real-configs/tiers.ts';

const CONFIGURATIONS: readonly Configuration[] = [
  postgresWriter,
  redisMaster,
  sqlReadiness,
  kubernetesApi,
  kubernetesBootstrap,
  sqlNodes,
  mysqlReserve,
  etcdWeights,
  postgresBySource,
  rabbitmqIdle,
];
const silenceMs = byRunLength(5_000, 60_000);

/** A file with its addresses on the loopback network of this run. */
function onOwnLoopback(file: string): string {
  return readText(`examples/configurations/${file}`).replaceAll('127.30.', `${OWN_LOOPBACK}.`);
}

interface Balancer {
  readonly name: string;
  /** The last part of the addresses at which clients connect. */
  readonly host: number;
  start(scope: Scope): Promise<void>;
}

const equipoise: Balancer = {
  name: 'Equipoise',
  host: 1,
  async start(scope) {
    const plane = await startControlPlane(scope);
    await startProxy(scope, 'configurations', [plane.grpc]);
    const manifests = CONFIGURATIONS.map(({ name }) => onOwnLoopback(`${name}.yaml`));
    await succeed(lbctlFor(plane.grpc), ['apply', '-f', '-', '--wait'], manifests.join('---\n'));
  },
};

const haproxy: Balancer = {
  name: 'HAProxy',
  host: 2,
  async start(scope) {
    const folder = temporaryFolder(scope);
    const files = CONFIGURATIONS.flatMap(({ name }) => {
      const file = join(folder, `${name}.cfg`);
      writeFileSync(file, onOwnLoopback(`${name}.cfg`));
      return ['-f', file];
    });
    startProcess(scope, findProgram('haproxy') ?? 'haproxy', ['-db', ...files]);
  },
};

const BALANCERS = [equipoise, ...(byRunLength(false, findProgram('haproxy') !== undefined) ? [haproxy] : [])];

for (const balancer of BALANCERS) {
  describe(`configurations of examples/configurations through ${balancer.name}`, {
    concurrency: true,
  }, () => {
    const shared = laterScope();
    const begins: (() => Promise<void>)[] = [];
    before(async () => {
      await Promise.all(begins.map((begin) => begin()));
      await balancer.start(shared);
    });
    after(() => shared.end());

    for (const { name, network, port, declare } of CONFIGURATIONS) {
      // One after the other, unlike the configurations.
      describe(name, { concurrency: 1 }, () => {
        const own = `${OWN_LOOPBACK}.${network}`;
        const front = new Front(`${own}.${balancer.host}`, port);
        declare({
          scope: shared,
          network: own,
          front,
          silenceMs,
          begin: (action) => void begins.push(action),
        });
      });
    }
  });
}
