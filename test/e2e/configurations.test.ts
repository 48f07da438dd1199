/**
 * Every manifest of examples/configurations on one proxy: what the configuration that it stands for promises to clients. In the long form the
 * same is tried with HAProxy, from the .cfg beside the manifest.
 */
import { after, before, describe } from 'node:test';
import { join } from 'node:path';
import type { Configuration } from '../../harness/configurations/configuration.ts';
import { Front } from '../../harness/configurations/front.ts';
import { lbctlFor, startControlPlane, startProxy, succeed } from '../../harness/programs/fleet.ts';
import { CHECKOUT, laterScope, type Scope, startProcess } from '../../harness/programs/processes.ts';
import { byRunLength } from '../../harness/run-length.ts';
import { kubernetesApi } from './configurations/kubernetes.ts';
import { postgresWriter, sqlReadiness } from './configurations/pages.ts';
import { redisMaster } from './configurations/redis.ts';
import { etcdWeights, postgresBySource, rabbitmqIdle, sqlNodes } from './configurations/steady.ts';
import { kubernetesBootstrap, mysqlReserve } from './configurations/tiers.ts';

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
const FOLDER = join(CHECKOUT, 'examples/configurations');
const silenceMs = byRunLength(5_000, 60_000);

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
    await succeed(lbctlFor(plane.grpc), ['apply', '-f', FOLDER, '--wait']);
  },
};

const haproxy: Balancer = {
  name: 'HAProxy',
  host: 2,
  async start(scope) {
    const files = CONFIGURATIONS.flatMap(({ name }) => ['-f', join(FOLDER, `${name}.cfg`)]);
    startProcess(scope, 'haproxy', ['-db', ...files]);
  },
};

for (const balancer of byRunLength([equipoise], [equipoise, haproxy])) {
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
        const front = new Front(`${network}.${balancer.host}`, port);
        declare({ scope: shared, front, silenceMs, begin: (action) => void begins.push(action) });
      });
    }
  });
}
