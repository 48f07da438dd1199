/** A real etcd for tests: started on free ports in a temporary directory, stopped, killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually, freePort } from './processes.ts';

const READY_WITHIN_MS = 15_000;

export interface Etcd {
  /** HOST:PORT for clients; stays the same through restarts. */
  readonly endpoint: string;
  readonly pid: number | undefined;
  /** Starts it (again) with the same data, and waits until it answers reads. */
  start(): Promise<void>;
  /** Ends it with a signal and waits until it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Stops it in its tracks (SIGSTOP), or lets it go on. */
  freeze(frozen: boolean): Promise<void>;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

/** Where etcd is, or undefined. `CI=true` wants it to be there. */
export function findEtcd(): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    if (existsSync(join(directory, 'etcd'))) return join(directory, 'etcd');
  }
  if (process.env['CI'] === 'true') throw new Error(`etcd is missing: ${HOW_TO_GET_ETCD}`);
  return undefined;
}

/** What a skipped test says. */
export const HOW_TO_GET_ETCD = 'apt-get install etcd-server';

/** Starts an etcd of one member. */
export async function startEtcd(binary: string): Promise<Etcd> {
  const directory = mkdtempSync(join(tmpdir(), 'lb-etcd-'));
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const etcd = new EtcdProcess(binary, directory, clientPort, peerPort);
  await etcd.start();
  return etcd;
}

class EtcdProcess implements Etcd {
  readonly endpoint: string;
  readonly #binary: string;
  readonly #directory: string;
  readonly #peerUrl: string;
  #child: ChildProcess | undefined;

  constructor(binary: string, directory: string, clientPort: number, peerPort: number) {
    this.#binary = binary;
    this.#directory = directory;
    this.endpoint = `127.0.0.1:${clientPort}`;
    this.#peerUrl = `http://127.0.0.1:${peerPort}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    const url = `http://${this.endpoint}`;
    const flags = {
      'data-dir': this.#directory,
      name: 'one',
      'listen-client-urls': url,
      'advertise-client-urls': url,
      'listen-peer-urls': this.#peerUrl,
      'initial-advertise-peer-urls': this.#peerUrl,
      'initial-cluster': `one=${this.#peerUrl}`,
      'heartbeat-interval': '10',
      'election-timeout': '100',
      logger: 'zap',
      'log-level': 'error',
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.#child = spawn(this.#binary, args, { stdio: 'ignore' });
    await this.#ready(url);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  }

  async freeze(frozen: boolean): Promise<void> {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
    if (!frozen) return;
    // Its threads stop one after the other, and a request may pass until the last one has.
    const tasks = `/proc/${this.pid}/task`;
    const isStopped = (task: string) => /\) T /.test(readFileSync(join(tasks, task, 'stat'), 'latin1'));
    await eventually(async () => (readdirSync(tasks).every(isStopped) ? true : undefined), 'etcd is frozen');
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A linearizable read through the JSON gateway: needs an elected leader. */
  async #ready(url: string): Promise<void> {
    const request = {
      method: 'POST',
      body: JSON.stringify({ key: Buffer.from('ready').toString('base64') }),
    };
    const child = this.#child;
    const look = async () => {
      if (child?.exitCode !== null) return 'ended';
      return (await fetch(`${url}/v3/kv/range`, request)).ok ? 'ready' : undefined;
    };
    if ((await eventually(look, 'etcd starts', READY_WITHIN_MS)) === 'ended') {
      throw new Error('etcd ended while it was starting; is a port taken?');
    }
  }
}
