/** A real etcd for tests: started on free ports in a temporary directory, stopped, killed and started again. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import type { Certificates } from './certificates.ts';
import { EtcdProcess } from './etcd-process.ts';
import { eventually } from './processes.ts';
import { findProgram } from './real-servers.ts';

/** Where etcd is, or undefined. `CI=true` wants it to be there. */
export function findEtcd(): string | undefined {
  const file = findProgram('etcd');
  if (file !== undefined) return file;
  if (process.env['CI'] === 'true') throw new Error(`etcd is missing: ${HOW_TO_GET_ETCD}`);
  return undefined;
}

/** What a skipped test says. */
export const HOW_TO_GET_ETCD = 'apt-get install etcd-server etcd-client';

/** A member: started, killed, frozen. */
export type Etcd = Omit<EtcdProcess, 'directory'> & { dispose(): Promise<void> };

export interface EtcdClusterOptions {
  /** How many; 1 when left out. */
  readonly members?: number;
  /** Clients must use TLS and show a certificate of this authority. */
  readonly tls?: Certificates;
  /** Further flags without their dashes, such as `auth-token-ttl`. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** Starts an etcd of one member. */
export async function startEtcd(binary: string, flags: Readonly<Record<string, string>> = {}): Promise<Etcd> {
  const cluster = await EtcdCluster.start(binary, { flags });
  const [member] = cluster.members;
  if (member === undefined) throw new RangeError('a cluster has members');
  return Object.assign(member, { dispose: () => cluster.dispose() });
}

export class EtcdCluster {
  readonly members: readonly EtcdProcess[];
  readonly #binary: string;
  readonly #folder: string;
  readonly #tls: Certificates | undefined;

  static async start(binary: string, options: EtcdClusterOptions): Promise<EtcdCluster> {
    const count = options.members ?? 1;
    const ports: { client: number; peer: number }[] = [];
    for (let member = 0; member < count; member++)
      ports.push({ client: await freePort(), peer: await freePort() });
    const cluster = new EtcdCluster(binary, ports, options);
    try {
      await Promise.all(cluster.members.map((member) => member.start()));
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  private constructor(
    binary: string,
    ports: readonly { readonly client: number; readonly peer: number }[],
    { tls, flags = {} }: EtcdClusterOptions,
  ) {
    this.#binary = binary;
    this.#folder = mkdtempSync(join(tmpdir(), 'lb-etcd-'));
    this.#tls = tls;
    const cluster = ports.map(({ peer }, index) => `m${index}=http://127.0.0.1:${peer}`).join(',');
    // One member elects itself; three have to hear each other in time on a busy machine.
    const [heartbeat, election] = ports.length === 1 ? ['10', '100'] : ['50', '500'];
    const all = { 'heartbeat-interval': heartbeat, 'election-timeout': election, ...flags };
    this.members = ports.map(({ client, peer }, index) => {
      const name = `m${index}`;
      const directory = join(this.#folder, name);
      const place = { name, directory, clientPort: client, peerPort: peer };
      return new EtcdProcess({ ...place, binary, cluster, tls, flags: all });
    });
  }

  /** HOST:PORT of all members. */
  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** The member that leads, as the others see it. */
  async leader(): Promise<EtcdProcess> {
    return eventually(async () => {
      for (const member of this.members) {
        if (!member.running) continue;
        const text = await this.etcdctl(['endpoint', 'status', '-w', 'json'], {
          endpoints: [member.endpoint],
        }).catch(() => '');
        const [status] = (text === '' ? [] : JSON.parse(text)) as EndpointStatus[];
        if (status?.Status.leader === status?.Status.header.member_id && status !== undefined) return member;
      }
      return undefined;
    }, 'etcd has a leader');
  }

  /** Runs etcdctl with these arguments, at all members unless one is named. Answers what it printed. */
  async etcdctl(
    args: readonly string[],
    { endpoints = this.endpoints, input = '' }: EtcdctlOptions = {},
  ): Promise<string> {
    const tls = this.#tls;
    const trust = tls ? ['--cacert', tls.ca, '--cert', tls.client.cert, '--key', tls.client.key] : [];
    const all = ['--endpoints', endpoints.join(','), '--command-timeout=5s', ...trust, ...args];
    const env = { ...process.env, ETCDCTL_API: '3' };
    const running = promisify(execFile)(join(dirname(this.#binary), 'etcdctl'), all, { env });
    // A command that reads no input may end before it was written.
    running.child.stdin?.on('error', () => undefined).end(input);
    return (await running).stdout;
  }

  /**
   * Users, of whom each may read and write its prefix; then authentication is on.
   * The superuser is `root` with the password `root`.
   */
  async enableAuth(users: readonly EtcdTestUser[]): Promise<void> {
    await this.etcdctl(['user', 'add', 'root:root']);
    await this.etcdctl(['user', 'grant-role', 'root', 'root']);
    for (const { name, password, prefix } of users) {
      await this.etcdctl(
        password === undefined
          ? ['user', 'add', name, '--no-password']
          : ['user', 'add', `${name}:${password}`],
      );
      await this.etcdctl(['role', 'add', name]);
      await this.etcdctl(['role', 'grant-permission', name, 'readwrite', prefix, '--prefix']);
      await this.etcdctl(['user', 'grant-role', name, name]);
    }
    await this.etcdctl(['auth', 'enable']);
  }

  /** Stops all, and starts them again with nothing. */
  async wipe(): Promise<void> {
    await this.#startWith((member) => rmSync(member.directory, { recursive: true, force: true }));
  }

  /** Writes a backup to `file`. */
  async backUp(file: string): Promise<void> {
    const [first] = this.endpoints;
    await this.etcdctl(['snapshot', 'save', file], { endpoints: first === undefined ? [] : [first] });
  }

  /** Stops all, and starts them again with what a backup holds. */
  async restore(file: string): Promise<void> {
    await this.#startWith(async (member) => {
      rmSync(member.directory, { recursive: true, force: true });
      await this.etcdctl(['snapshot', 'restore', file, ...member.restoreFlags]);
    });
  }

  async #startWith(prepare: (member: EtcdProcess) => void | Promise<void>): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop('SIGKILL')));
    for (const member of this.members) await prepare(member);
    await Promise.all(this.members.map((member) => member.start()));
  }

  /** Stops all and removes their data. */
  async dispose(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop('SIGKILL')));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface EtcdctlOptions {
  readonly endpoints?: readonly string[];
  /** Its standard input. */
  readonly input?: string;
}

interface EtcdTestUser {
  readonly name: string;
  /** Without one it is known by the name in its certificate alone. */
  readonly password?: string;
  readonly prefix: string;
}

interface EndpointStatus {
  readonly Status: { readonly leader: number; readonly header: { readonly member_id: number } };
}
