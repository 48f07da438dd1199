/** MariaDB with Galera on three machines, each with a page that says whether the server takes part in the cluster. */
import { execFileSync } from 'node:child_process';
import type { Network } from '../containers/network.ts';
import { answers } from '../programs/fleet.ts';
import { built, eventually, type Scope } from '../programs/processes.ts';
import { addMachines, askOnce, type DatabaseCluster, holds, SETTLED_WITHIN_MS } from './cluster.ts';
import type { Machine } from './machine.ts';
import { MYSQL } from './mysql-protocol.ts';

const PAGE_PORT = 9200;
const ANSWER_WITHIN_MS = 2_000;
const CLUSTER_SIZE =
  "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_cluster_size'";
const LIBRARY = '/usr/lib/galera/libgalera_smm.so';
/** The library's own log says where it was when it was killed. */
const RECOVERED = /Recovered position:\s*([0-9a-f-]+:-?\d+)/;
const PREPARE = ["CREATE USER 'trial'@'%' IDENTIFIED VIA mysql_native_password", 'GRANT ALL ON *.* TO trial'];

function configOf({ address, folder }: Machine, all: readonly Machine[]): readonly string[] {
  return [
    '[mariadbd]',
    `bind-address=${address}`,
    `datadir=${folder}/data`,
    `socket=${folder}/socket`,
    `pid-file=${folder}/pid`,
    `tmpdir=${folder}`,
    'binlog_format=ROW',
    'innodb_autoinc_lock_mode=2',
    'innodb_flush_log_at_trx_commit=0',
    'innodb_buffer_pool_size=32M',
    'innodb_log_file_size=8M',
    'performance_schema=OFF',
    'skip-name-resolve',
    'wsrep_on=ON',
    `wsrep_provider=${LIBRARY}`,
    `wsrep_provider_options=gcache.size=32M;gmcast.listen_addr=tcp://${address}:4567;ist.recv_addr=${address}:4568`,
    `wsrep_cluster_address=gcomm://${all.map((each) => each.address).join(',')}`,
    'wsrep_cluster_name=trial',
    `wsrep_node_address=${address}`,
    `wsrep_node_name=${address}`,
    'wsrep_sst_method=rsync',
    // Who copies the data to a member that has none serves nobody meanwhile: not the next writer.
    `wsrep_sst_donor=${all.at(-1)?.address},`,
  ];
}

export async function startGaleraCluster(scope: Scope, network: Network): Promise<DatabaseCluster> {
  const machines = addMachines(scope, network, 'mysql');
  const [first, ...others] = machines;
  if (first === undefined) throw new RangeError('a cluster has machines');
  for (const machine of machines) machine.write('my.cnf', configOf(machine, machines));
  const init = [
    '--no-defaults',
    `--datadir=${first.folder}/data`,
    '--auth-root-authentication-method=normal',
  ];
  await first.run('mariadb-install-db', [...init, '--skip-test-db', '--innodb-log-file-size=8M']);
  for (const { folder } of others) execFileSync('cp', ['-a', `${first.folder}/data`, `${folder}/data`]);
  const cluster = new GaleraCluster(machines);
  await cluster.start(first, [
    '--wsrep-new-cluster',
    `--init-file=${first.write(
      'init.sql',
      PREPARE.map((line) => `${line};`),
    )}`,
  ]);
  await eventually(() => cluster.isPrimary(first), 'the first member of Galera', SETTLED_WITHIN_MS);
  await Promise.all(others.map((machine) => cluster.start(machine)));
  return cluster;
}

class GaleraCluster implements DatabaseCluster {
  readonly protocol = MYSQL;
  readonly machines: readonly Machine[];

  constructor(machines: readonly Machine[]) {
    this.machines = machines;
  }

  /** As Debian's service does it: it asks the data where they are, and copies only what is missing. */
  async start(machine: Machine, flags: readonly string[] = []): Promise<void> {
    const config = `--defaults-file=${machine.folder}/my.cnf`;
    const log = await machine.run('mariadbd', [config, '--wsrep-recover']);
    const position = RECOVERED.exec(log)?.[1];
    const from = position === undefined ? [] : [`--wsrep_start_position=${position}`];
    machine.start('mariadbd', [config, ...from, ...flags]);
    machine.start(process.execPath, [built('harness/databases/galera-page.js'), machine.address]);
  }

  isPrimary(machine: Machine): Promise<boolean> {
    return isReady(machine);
  }

  /** Its page says for a while that the machine is not ready, as before a maintenance; new writes go elsewhere. */
  async switchOver(from: Machine): Promise<void> {
    await answers(`${pageOf(from)}/disable`);
  }

  settled(): Promise<Machine> {
    return eventually(
      async () => {
        for (const machine of this.machines) {
          // A member that was stopped believes for a moment that nothing has happened.
          const [size] = await askOnce(MYSQL, machine.address, CLUSTER_SIZE);
          if (size !== String(this.machines.length) || !(await isReady(machine))) return undefined;
        }
        return this.machines[0];
      },
      'all members of Galera are in step',
      SETTLED_WITHIN_MS,
    );
  }
}

const pageOf = ({ address }: Machine) => `http://${address}:${PAGE_PORT}`;

function isReady(machine: Machine): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  return holds(fetch(pageOf(machine), { signal, headers: { connection: 'close' } }).then(({ ok }) => ok));
}
