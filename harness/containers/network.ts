/**
 * A switch with hosts of their own around it: network namespaces of the kernel, joined by a bridge. This process sits at
 * the switch too, so it reaches every host by its address. Needs root.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { run, type Finished, type RunningProcess, type Scope, startProcess } from '../programs/processes.ts';

/** True for root. Otherwise the test is skipped; where CI=true it fails instead. */
export function isRoot(t: TestContext, why = 'for network namespaces'): boolean {
  if (process.getuid?.() === 0) return true;
  const words = `needs root, ${why}`;
  assert.notEqual(process.env['CI'], 'true', words);
  t.skip(words);
  return false;
}

/** `ip` with these words; fails with what it said. */
function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export class Network {
  /** `10.x.y`. */
  readonly prefix: string;
  readonly #bridge: string;
  #hosts = 1;

  constructor(scope: Scope) {
    const id = randomBytes(3).toString('hex');
    this.#bridge = `eq${id}`;
    this.prefix = this.#freePrefix();
    ip('link', 'add', this.#bridge, 'type', 'bridge');
    scope.after(() => void ip('link', 'del', this.#bridge));
    ip('addr', 'add', `${this.gateway}/24`, 'dev', this.#bridge);
    ip('link', 'set', this.#bridge, 'up');
  }

  /** The address of this process there. */
  get gateway(): string {
    return `${this.prefix}.1`;
  }

  /** A new host, with the next address. */
  addHost(scope: Scope): Host {
    this.#hosts += 1;
    assert.ok(this.#hosts < 200, 'too many hosts for one network');
    const name = `${this.#bridge}-${this.#hosts}`;
    const port = `${this.#bridge}.${this.#hosts}`;
    const host = new Host(name, port, `${this.prefix}.${this.#hosts}`);
    ip('netns', 'add', name);
    scope.after(() => {
      host.kill();
      ip('netns', 'del', name);
    });
    ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', port, 'master', this.#bridge, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'addr', 'add', `${host.address}/24`, 'dev', 'eth0');
    ip('-n', name, 'route', 'add', 'default', 'via', this.gateway);
    return host;
  }

  /** One that no other network of this machine has. */
  #freePrefix(): string {
    const taken = ip('-4', '-o', 'addr');
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const [high = 0, low = 0] = randomBytes(2);
      const prefix = `10.${100 + (high % 100)}.${low}`;
      if (!taken.includes(` ${prefix}.`)) return prefix;
    }
    throw new Error('no free network');
  }
}

/** A network namespace: interfaces, addresses, ports and sysctls of its own. */
export class Host {
  /** As `ip netns` knows it. */
  readonly name: string;
  readonly address: string;
  /** The port of the switch that it is plugged into. */
  readonly #port: string;

  constructor(name: string, port: string, address: string) {
    this.name = name;
    this.#port = port;
    this.address = address;
  }

  /** Starts a program on it. */
  start(scope: Scope, command: string, args: readonly string[]): RunningProcess {
    return startProcess(scope, 'ip', ['netns', 'exec', this.name, ...dieWithParent(command, args)]);
  }

  /** Runs a program on it to its end. Never rejects for its exit code. */
  run(command: string, args: readonly string[], input?: string): Promise<Finished> {
    return run('ip', ['netns', 'exec', this.name, command, ...args], {}, input);
  }

  /** Ends every process on it at once. */
  kill(): void {
    this.signal('SIGKILL');
  }

  /** Sends a signal to every process on it. */
  signal(name: NodeJS.Signals): void {
    for (const pid of ip('netns', 'pids', this.name).split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), name);
      } catch (error) {
        // One that has ended meanwhile needs no signal.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  /** Pulls the plug, or puts it back. */
  plug(plugged: boolean): void {
    ip('link', 'set', this.#port, plugged ? 'up' : 'down');
  }
}

/** What ends as soon as the test process does, however that ends. */
export function dieWithParent(command: string, args: readonly string[]): readonly string[] {
  return ['setpriv', '--pdeathsig', 'KILL', command, ...args];
}
