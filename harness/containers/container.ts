/**
 * A process as a container engine would start it, with the kernel's own means: its own network, process ids, host name
 * and files. The files are this machine's, with those of an image on top; what it writes is gone with it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Ended,
  eventually,
  run,
  type Finished,
  type RunningProcess,
  type Scope,
  shellQuoted,
  startProcess,
} from '../programs/processes.ts';
import type { Service } from './compose-file.ts';
import type { Image } from './dockerfile.ts';
import { dieWithParent, type Host } from './network.ts';

export interface Mount {
  /** A file or folder of this machine. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

type OfService = Pick<Service, 'sysctls' | 'descriptors' | 'readOnly'>;
type OfImage = Pick<Image, 'env' | 'uid' | 'gid' | 'workdir'>;

export interface ContainerSettings extends OfService, OfImage {
  readonly id: string;
  readonly host: Host;
  /** Of the DNS server. */
  readonly nameServer: string;
  readonly command: readonly string[];
  readonly mounts: readonly Mount[];
  /** A folder of this machine that it may use for its own ends. */
  readonly scratch: string;
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Of `nsenter`: all of a container, and the folder that it is in. */
const ALL_NAMESPACES = ['--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd'];

export class Container {
  readonly id: string;
  readonly address: string;
  readonly #process: RunningProcess;
  readonly #settings: ContainerSettings;
  #running = true;

  static async start(scope: Scope, settings: ContainerSettings): Promise<Container> {
    mkdirSync(settings.scratch, { recursive: true });
    const script = join(settings.scratch, 'start.sh');
    writeFileSync(script, startScript(settings));
    const own = ['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child'];
    const inside = ['netns', 'exec', settings.host.name, 'unshare', ...own, 'sh', script];
    const [command = '', ...args] = dieWithParent('ip', inside);
    const process = startProcess(scope, command, args);
    const container = new Container(settings, process);
    await container.#begun();
    return container;
  }

  private constructor(settings: ContainerSettings, process: RunningProcess) {
    this.#settings = settings;
    this.#process = process;
    this.id = settings.id;
    this.address = settings.host.address;
    process.ended.then(
      () => (this.#running = false),
      () => (this.#running = false),
    );
  }

  get lines(): readonly string[] {
    return this.#process.lines;
  }

  get ended(): Promise<Ended> {
    return this.#process.ended;
  }

  /** Its first process, as this machine counts. */
  get pid(): number {
    const children = readFileSync(`/proc/${this.#process.pid}/task/${this.#process.pid}/children`, 'utf8');
    const pid = Number(children.trim().split(' ')[0]);
    assert.ok(pid > 0, `${this.id} has ended`);
    return pid;
  }

  /** Runs a command in it, as its user and with its environment. Never rejects for its exit code. */
  exec(command: readonly string[]): Promise<Finished> {
    const { env, uid, gid } = this.#settings;
    const user = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    const variables = ['env', '-i', ...environmentOf(env)];
    const into = ['--target', String(this.pid), ...ALL_NAMESPACES];
    return run('nsenter', [...into, ...user, ...variables, ...command]);
  }

  /** As `docker kill --signal`. */
  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** As `docker stop`: SIGTERM, and SIGKILL after the grace. Answers how its first process ended. */
  async stop(graceMs: number): Promise<Ended> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }

  /** False as soon as its first process has ended. */
  get running(): boolean {
    return this.#running;
  }

  /** Its files are in place and its own program runs. */
  async #begun(): Promise<void> {
    await eventually(async () => {
      // One that has run to its end by now has begun, too.
      if (!this.running) return true;
      return readFileSync(`/proc/${this.pid}/cmdline`, 'latin1').includes('start.sh') ? undefined : true;
    }, `the start of ${this.id}`);
  }
}

function environmentOf(env: Readonly<Record<string, string>>): readonly string[] {
  const path = env['PATH']?.replace('$PATH', SYSTEM_PATH) ?? SYSTEM_PATH;
  return Object.entries({ ...env, PATH: path }).map(([name, value]) => `${name}=${value}`);
}

/** Runs as the first process of the new namespaces, and becomes the program. */
function startScript(settings: ContainerSettings): string {
  const { id, host, nameServer, mounts, sysctls, descriptors, readOnly, uid, gid, workdir } = settings;
  const root = '/mnt/root';
  const program = ['env', '-i', ...environmentOf({ ...settings.env, HOSTNAME: id }), ...settings.command];
  return [
    'set -eu',
    'mount --make-rprivate /; mount -t tmpfs -o mode=755 tmpfs /mnt; mkdir /mnt/up /mnt/work /mnt/root',
    `mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work ${root}`,
    `mount --rbind /dev ${root}/dev; mount --rbind /sys ${root}/sys; mount -t proc proc ${root}/proc`,
    // What this machine has there is its own affair.
    `for each in etc/resolv.conf etc/hosts etc/hostname; do rm -f ${root}/$each; done`,
    `echo nameserver ${nameServer} > ${root}/etc/resolv.conf`,
    `echo ${id} > ${root}/etc/hostname; hostname ${id}`,
    `printf '127.0.0.1 localhost\\n${host.address} ${id}\\n' > ${root}/etc/hosts`,
    ...Object.entries(sysctls).map(
      ([name, value]) => `echo ${shellQuoted(value)} > /proc/sys/${name.replaceAll('.', '/')}`,
    ),
    ...mounts.flatMap((mount) => mountLines(mount, root)),
    `mkdir -p ${root}${workdir}`,
    ...(readOnly ? [`mount -o remount,ro ${root}`] : []),
    // Root without CAP_SYS_RESOURCE can't have more than this machine's own limit.
    ...(descriptors === undefined
      ? []
      : [`ulimit -n ${descriptors} 2>/dev/null || ulimit -n $(ulimit -H -n)`]),
    // Asked for after the user has changed: the kernel forgets it with that.
    `cd /; exec chroot ${root} setpriv --reuid=${uid} --regid=${gid} --clear-groups --pdeathsig KILL ` +
      `sh -c ${shellQuoted(`cd ${workdir} && exec "$@"`)} - ${program.map(shellQuoted).join(' ')}`,
  ].join('\n');
}

function mountLines({ source, target, readOnly }: Mount, root: string): readonly string[] {
  const place = shellQuoted(`${root}${target}`);
  return [
    `if [ -d ${shellQuoted(source)} ]; then mkdir -p ${place}; else mkdir -p "$(dirname ${place})"; : > ${place}; fi`,
    `mount --bind ${shellQuoted(source)} ${place}`,
    ...(readOnly ? [`mount -o remount,bind,ro ${place}`] : []),
  ];
}
