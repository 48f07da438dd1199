/** A real etcd for tests: started on free ports in a temporary directory, stopped, killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

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
  freeze(frozen: boolean): void;
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

  freeze(frozen: boolean): void {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A linearizable read through the JSON gateway: needs an elected leader. */
  async #ready(url: string): Promise<void> {
    const until = Date.now() + READY_WITHIN_MS;
    const request = {
      method: 'POST',
      body: JSON.stringify({ key: Buffer.from('ready').toString('base64') }),
    };
    while (Date.now() < until) {
      if (this.#child?.exitCode !== null)
        throw new Error('etcd ended while it was starting; is a port taken?');
      const answer = await fetch(`${url}/v3/kv/range`, request).catch(() => undefined);
      if (answer?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`etcd did not get ready within ${READY_WITHIN_MS} ms`);
  }
}

/** Below 32768: ports above are given to outgoing connections, which could take one before etcd does. */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await canListen(port)) return port;
  }
  throw new Error('no free port found between 20000 and 32000');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
