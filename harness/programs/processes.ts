/**
 * Programs as real processes. Each is stopped when its test ends, and ends by itself when the test process dies.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What a harness needs of a test: node:test's TestContext is one. */
export interface Scope {
  after(action: () => void | Promise<void>): void;
}

/** A scope for what several tests share, in `before` and `after`: what came last ends first. */
export function laterScope(): Scope & { end(): Promise<void> } {
  const actions: (() => void | Promise<void>)[] = [];
  return {
    after: (action) => void actions.push(action),
    async end() {
      for (const action of actions.splice(0).reverse()) await action();
    },
  };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  /** Everything it wrote, both streams, newest last. */
  readonly lines: readonly string[];
  readonly ended: Promise<Ended>;
  /** The first line, past or to come, for which `find` gives something other than false. Fails when the process ends or after a minute. */
  line<T>(find: (line: string) => T | false | undefined, what: string): Promise<T>;
  /** Calls `hear` with each line that is still to come. */
  onLine(hear: (line: string) => void): void;
  signal(name: NodeJS.Signals): void;
  /** To its standard input. */
  write(text: string): void;
  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<Ended>;
}

export interface Finished extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

/** Deadlines end a test that hangs; on a busy machine a start takes many seconds. */
const LINE_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 10_000;
const RUN_DEADLINE_MS = 120_000;
/** Loaded into our own programs: they end when their standard input does. */
const CHILD_LIFETIME = 'scripts/start/child-lifetime.js';

/** The folder of the checkout. */
export const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));

/** The file of a built program, named below dist/. */
export function built(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** Where our programs and what runs them are. */
export interface Installation {
  readonly node: string;
  /** The folder `dist`; what it imports is beside it. */
  readonly dist: string;
}

const HERE: Installation = { node: process.execPath, dist: built('') };

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Of one of our own programs: the most descriptors it may have. */
  readonly descriptors?: number;
  /** Of one of our own programs: the folder of the control group that it starts in. */
  readonly controlGroup?: string;
  /** Of one of our own programs: where it is taken from, when not from this checkout. */
  readonly installation?: Installation;
  /** What ends it when its test is over; SIGKILL when left out. */
  readonly endSignal?: NodeJS.Signals;
}

/** Starts one of our built programs, such as `control-plane/main.js`. */
export function startBuilt(
  scope: Scope,
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): RunningProcess {
  const { controlGroup, descriptors, installation = HERE, ...rest } = options;
  const { dist, node } = installation;
  const lifetime = pathToFileURL(join(dist, CHILD_LIFETIME)).href;
  const all = ['--import', lifetime, join(dist, program), ...args];
  const limits = [
    ...(descriptors === undefined ? [] : [`ulimit -n ${descriptors}`]),
    ...(controlGroup === undefined ? [] : [`echo $$ > "${controlGroup}/cgroup.procs"`]),
  ];
  if (limits.length === 0) return startProcess(scope, node, all, rest);
  return startProcess(scope, 'sh', ['-c', [...limits, 'exec "$@"'].join(' && '), 'sh', node, ...all], rest);
}

/** Starts any program. */
export function startProcess(
  scope: Scope,
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): RunningProcess {
  const { env, endSignal = 'SIGKILL', ...rest } = options;
  const child = spawn(command, args, {
    ...rest,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  child.stdin.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  ended.catch(() => undefined);
  const running: RunningProcess = {
    pid: child.pid ?? -1,
    lines,
    ended,
    onLine: (hear) => void listeners.add(() => hear(lines.at(-1) ?? '')),
    line: (find, what) => awaitLine(running, listeners, find, `${what} of ${command} ${args.join(' ')}`),
    signal: (name) => void child.kill(name),
    write: (text) => void child.stdin.write(text),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      const how = await ended;
      clearTimeout(timer);
      return how;
    },
  };
  scope.after(async () => {
    child.kill(endSignal);
    await ended;
  });
  return running;
}

function awaitLine<T>(
  running: RunningProcess,
  listeners: Set<() => void>,
  find: (line: string) => T | false | undefined,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      listeners.delete(look);
      settle();
    };
    const fail = (why: string) =>
      finish(() => reject(new Error(`${what}: ${why}. It wrote:\n${running.lines.slice(-30).join('\n')}`)));
    const look = () => {
      for (; seen < running.lines.length; seen += 1) {
        const found = find(running.lines[seen] ?? '');
        if (found !== undefined && found !== false) return finish(() => resolve(found));
      }
    };
    const timer = setTimeout(() => fail(`not seen in ${LINE_DEADLINE_MS / 1000} s`), LINE_DEADLINE_MS);
    listeners.add(look);
    look();
    running.ended.then(
      ({ code, signal }) => fail(`the process ended (code ${code}, signal ${signal})`),
      (error: unknown) => fail(String(error)),
    );
  });
}

/** Runs a program to its end. Never rejects for its exit code. */
export function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
  input?: string,
): Promise<Finished> {
  const { env, ...rest } = options;
  const child = spawn(command, args, { ...rest, env: { ...process.env, ...env } });
  // Node's own option `timeout` keeps the process alive for all of it when the program does not exist.
  const deadline = setTimeout(() => child.kill(), RUN_DEADLINE_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/** One word of a shell's command line. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `--name=value` for each. */
export function flagList(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

/** Folders in which a program was still writing when their test ended. */
const leftFolders: string[] = [];
process.once('exit', () => {
  for (const folder of leftFolders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the test, or with this process if the test stops its programs only later. */
export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-'));
  scope.after(() => {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      leftFolders.push(folder);
    }
  });
  return folder;
}

/**
 * Asks `look` again and again until it gives something other than false. Fails after `deadlineMs` with what it threw or gave last, on a busy machine
 * as many times later as processes wait for each processor. */
export async function eventually<T>(
  look: () => Promise<T | false | undefined>,
  what: string,
  deadlineMs = 30_000,
): Promise<T> {
  const beganMs = Date.now();
  let last: unknown;
  do {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while (Date.now() < beganMs + deadlineMs * busyness());
  throw new Error(`${what}: not in ${deadlineMs / 1000} s`, { cause: last });
}

/** For `--timeout`: one second on a machine with nothing else to do, and longer the busier the machine is. */
export function shortTimeout(): string {
  return `${Math.ceil(busyness())}s`;
}

/** How many processes want each processor, 1 at least: for deadlines that say "at once" of a machine with nothing else to do. */
export function busyness(): number {
  return Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());
}
