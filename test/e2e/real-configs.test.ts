/**
 * Every manifest of examples/configurations on one proxy: what the configuration that it stands for promises to clients. In the long form the
 * same is tried with HAProxy, from the .cfg beside the manifest.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe } from 'node:test';
import { join } from 'node:path';
import type { Configuration, Identity } from '../../harness/configurations/configuration.ts';
import { Front } from '../../harness/configurations/front.ts';
import { NameServer } from '../../harness/configurations/name-server.ts';
import { makeCertificates } from '../../harness/programs/certificates.ts';
import { lbctlFor, startControlPlane, startProxy, succeed } from '../../harness/programs/fleet.ts';
import { laterScope, type Scope, startProcess, temporaryFolder } from '../../harness/programs/processes.ts';
import { findProgram } from '../../harness/programs/real-servers.ts';
import { byRunLength } from '../../harness/run-length.ts';
import { OWN_LOOPBACK } from '../../harness/loopback.ts';
import { readText } from '../../harness/source-tree.ts';
import { kubernetesApi } from './real-configs/kubernetes.ts';
import { postgresWriter, sqlReadiness } from './real-configs/pages.ts';
import { redisMaster } from './real-configs/redis.ts';
import { mqttTls, sshRelay } from './real-configs/edge.ts';
import { oneServiceTwoNames, twoNames } from './real-configs/names.ts';
import {
  etcdWeights,
  ingressBySource,
  postgresBySource,
  rabbitmqIdle,
  sqlNodes,
} from './real-configs/steady.ts';
import { kubernetesBootstrap, mysqlReserve } from './real-configs/tiers.ts';

const CONFIGURATIONS: readonly Configuration[] = [
  postgresWriter,
  redisMaster,
  sqlReadiness,
  kubernetesApi,
  kubernetesBootstrap,
  ingressBySource,
  twoNames,
  oneServiceTwoNames,
  mqttTls,
  sqlNodes,
  mysqlReserve,
  sshRelay,
  etcdWeights,
  postgresBySource,
  rabbitmqIdle,
];
const silenceMs = byRunLength(5_000, 60_000);

/** A file with its addresses on the loopback network of this run. */
function onOwnLoopback(file: string): string {
  return readText(`examples/configurations/${file}`).replaceAll('127.30.', `${OWN_LOOPBACK}.`);
}

/** Where the names of the configurations are resolved. */
const NAMES = { address: `${OWN_LOOPBACK}.0.53`, port: 5_300 };

interface Balancer {
  readonly name: string;
  /** The last part of the addresses at which clients connect. */
  readonly host: number;
  /** The folder has the certificate `mqtt.pem`. */
  start(scope: Scope, certificates: string): Promise<void>;
}

const equipoise: Balancer = {
  name: 'Equipoise',
  host: 1,
  async start(scope, certificates) {
    const flags = ['--dns-server', `${NAMES.address}:${NAMES.port}`];
    const plane = await startControlPlane(scope, undefined, { flags });
    await startProxy(scope, 'configurations', [plane.grpc], ['--certificates', certificates]);
    const manifests = CONFIGURATIONS.map(({ name }) => onOwnLoopback(`${name}.yaml`));
    await succeed(lbctlFor(plane.grpc), ['apply', '-f', '-', '--wait'], manifests.join('---\n'));
  },
};

const haproxy: Balancer = {
  name: 'HAProxy',
  host: 2,
  async start(scope, certificates) {
    const folder = temporaryFolder(scope);
    const files = CONFIGURATIONS.flatMap(({ name }) => {
      const file = join(folder, `${name}.cfg`);
      writeFileSync(file, onOwnLoopback(`${name}.cfg`).replace('CERTIFICATES', certificates));
      return ['-f', file];
    });
    startProcess(scope, findProgram('haproxy') ?? 'haproxy', ['-db', ...files]);
  },
};

const BALANCERS = [equipoise, ...(byRunLength(false, findProgram('haproxy') !== undefined) ? [haproxy] : [])];

/** A certificate for mqtt.trees.test, which is in `mqtt.pem` of the folder, together with its key. */
function makeIdentity(scope: Scope, folder: string): Identity {
  const made = makeCertificates(temporaryFolder(scope), 'DNS:mqtt.trees.test');
  const read = (file: string) => readFileSync(file, 'utf8');
  const identity = { ca: read(made.ca), cert: read(made.server.cert), key: read(made.server.key) };
  writeFileSync(join(folder, 'mqtt.pem'), identity.cert + identity.key, { mode: 0o600 });
  return identity;
}

for (const balancer of BALANCERS) {
  describe(`configurations of examples/configurations through ${balancer.name}`, {
    concurrency: true,
  }, () => {
    const shared = laterScope();
    const begins: (() => Promise<void>)[] = [];
    const names = new NameServer();
    let identity: Identity;
    before(async () => {
      const folder = temporaryFolder(shared);
      identity = makeIdentity(shared, folder);
      await names.start(shared, NAMES.address, NAMES.port);
      await Promise.all(begins.map((begin) => begin()));
      await balancer.start(shared, folder);
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
          names,
          identity: () => identity,
          silenceMs,
          begin: (action) => void begins.push(action),
        });
      });
    }
  });
}
