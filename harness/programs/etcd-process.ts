/** One member of an etcd cluster as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { join } from 'node:path';
import type { Certificates } from './certificates.ts';
import { eventually, flagList } from './processes.ts';

const READY_WITHIN_MS = 60_000;
const HEALTH_DEADLINE_MS = 3_000;

/** One member of a cluster. */
export interface EtcdMember {
  readonly name: string;
  readonly directory: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** All members, as `--initial-cluster` wants them. */
  readonly cluster: string;
}

interface EtcdSettings extends EtcdMember {
  readonly binary: string;
  readonly tls: Certificates | undefined;
  readonly flags: Readonly<Record<string, string>>;
}

function identityFlags({ name, directory, peerPort, cluster }: EtcdMember) {
  return {
    name,
    'data-dir': directory,
    'initial-cluster': cluster,
    'initial-advertise-peer-urls': `http://127.0.0.1:${peerPort}`,
  };
}

/** The flags that make a process this member, and the lines of its log JSON. */
export function memberFlags(member: EtcdMember, scheme = 'http') {
  const url = `${scheme}://127.0.0.1:${member.clientPort}`;
  return {
    ...identityFlags(member),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': `http://127.0.0.1:${member.peerPort}`,
    logger: 'zap',
  };
}

export class EtcdProcess {
  /** HOST:PORT for clients; stays the same through restarts. */
  readonly endpoint: string;
  readonly directory: string;
  readonly #settings: EtcdSettings;
  #child: ChildProcess | undefined;

  constructor(settings: EtcdSettings) {
    this.#settings = settings;
    this.directory = settings.directory;
    this.endpoint = `127.0.0.1:${settings.clientPort}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What `etcdctl snapshot restore` needs to know, to make this member's data. */
  get restoreFlags(): readonly string[] {
    return flagList(identityFlags(this.#settings));
  }

  /** Not killed or stopped; frozen counts as running. */
  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it (again) with the same data, and waits until it answers: so a quorum has to be there. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Waits until it answers. */
  async ready(): Promise<void> {
    const child = this.#child;
    const look = async () => {
      if (child?.exitCode !== null) return 'ended';
      return (await this.#isHealthy()) ? 'ready' : undefined;
    };
    if ((await eventually(look, 'etcd starts', READY_WITHIN_MS)) === 'ended') {
      throw new Error('etcd ended while it was starting; is a port taken?');
    }
  }

  /** Starts it (again) with the same data. */
  launch(): void {
    const { binary, tls, flags } = this.#settings;
    const all = {
      ...memberFlags(this.#settings, tls === undefined ? 'http' : 'https'),
      'log-level': 'error',
      ...(tls && {
        'trusted-ca-file': tls.ca,
        'cert-file': tls.server.cert,
        'key-file': tls.server.key,
        'client-cert-auth': 'true',
      }),
      ...flags,
    };
    this.#child = spawn(binary, flagList(all), { stdio: 'ignore' });
  }

  /** Ends it with a signal and waits until it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  }

  /** Stops it in its tracks (SIGSTOP), or lets it go on. */
  async freeze(frozen: boolean): Promise<void> {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
    if (!frozen) return;
    // Its threads stop one after the other, and a request may pass until the last one has.
    const tasks = `/proc/${this.pid}/task`;
    const isStopped = (task: string) => /\) T /.test(readFileSync(join(tasks, task, 'stat'), 'latin1'));
    await eventually(async () => readdirSync(tasks).every(isStopped), 'etcd is frozen');
  }

  /** It reads through a quorum, so it has found its leader. */
  #isHealthy(): Promise<boolean> {
    const { tls } = this.#settings;
    const options = { signal: AbortSignal.timeout(HEALTH_DEADLINE_MS), agent: false } as const;
    return new Promise((resolve, reject) => {
      const request =
        tls === undefined
          ? getPlain(`http://${this.endpoint}/health`, options)
          : getSecure(`https://${this.endpoint}/health`, {
              ...options,
              ca: readFileSync(tls.ca),
              cert: readFileSync(tls.client.cert),
              key: readFileSync(tls.client.key),
              // Whether it is trusted is the business of what is tested.
              checkServerIdentity: () => undefined,
            });
      request.on('error', reject);
      request.on('response', (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
    });
  }
}
