/** A machine of a database cluster: a host of its own on a network, with programs that die, freeze and start again together. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dieWithParent, type Host } from '../containers/network.ts';
import { type RunningProcess, type Scope, temporaryFolder } from '../programs/processes.ts';

const USERS_FOLDER_MODE = 0o755;

export class Machine {
  readonly address: string;
  /** For data; belongs to the user of its programs. */
  readonly folder: string;
  readonly #host: Host;
  readonly #scope: Scope;
  readonly #user: string;

  /** `user`: whose processes its programs are. */
  constructor(scope: Scope, host: Host, user: string) {
    this.#scope = scope;
    this.#host = host;
    this.#user = user;
    this.address = host.address;
    this.folder = temporaryFolder(scope);
    chmodSync(this.folder, USERS_FOLDER_MODE);
    this.#give(this.folder);
    // It reaches no name server, and without a way to one a question fails at once instead of after ten seconds.
    execFileSync('ip', ['-n', host.name, 'route', 'del', 'default']);
  }

  #give(path: string): void {
    const id = (flag: string) => Number(execFileSync('id', [flag, this.#user], { encoding: 'utf8' }));
    chownSync(path, id('-u'), id('-g'));
  }

  /** Writes a file into its folder, which its programs may change. Answers the path. */
  write(name: string, lines: readonly string[]): string {
    const path = join(this.folder, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    this.#give(path);
    return path;
  }

  /** Starts a program whose children, too, end when it or this process ends: it has process numbers of its own. */
  start(command: string, args: readonly string[]): RunningProcess {
    const words = ['--pid', '--fork', '--mount-proc', ...this.#asUser(dieWithParent(command, args))];
    return this.#host.start(this.#scope, 'unshare', words);
  }

  /** Runs a program to its end, and fails unless it succeeds. Answers what it wrote. */
  async run(command: string, args: readonly string[]): Promise<string> {
    const [first = '', ...rest] = this.#asUser([command, ...args]);
    const { code, stdout, stderr } = await this.#host.run(first, rest);
    assert.equal(code, 0, `${command}: ${stderr}`);
    return stdout + stderr;
  }

  #asUser(words: readonly string[]): readonly string[] {
    return ['setpriv', `--reuid=${this.#user}`, `--regid=${this.#user}`, '--clear-groups', ...words];
  }

  /** SIGKILL to everything that runs on it. */
  kill(): void {
    this.#host.kill();
  }

  /** Stops everything in its tracks, or lets it go on: a virtual machine that is paused. */
  freeze(frozen: boolean): void {
    this.#host.signal(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Drops every packet between it and another address; all others still reach it. */
  async cutFrom(address: string): Promise<void> {
    const chain = (hook: string, match: string) =>
      `chain ${hook} { type filter hook ${hook} priority 0; ip ${match} ${address} drop; };`;
    await this.#nft(`table inet cut { ${chain('input', 'saddr')} ${chain('output', 'daddr')} }`);
  }

  async mend(): Promise<void> {
    await this.#nft('delete table inet cut');
  }

  async #nft(rules: string): Promise<void> {
    const { code, stderr } = await this.#host.run('nft', [rules]);
    assert.equal(code, 0, stderr);
  }
}
