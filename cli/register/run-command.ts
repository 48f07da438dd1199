/**
 * Runs a command as a child process with our streams, passes signals on to it, and ends when it does.
 *
 * The child has its own session and process group (`detached` is setsid): a Ctrl-C at a terminal is sent to the whole
 * foreground group and would otherwise end the command before it has left the pool. Signals that a terminal sends to a
 * group are passed on to the whole group of the command. The price: it has no controlling terminal, so it can't open `/dev/tty`.
 *
 * The command never outlives us: a guard, which waits at a pipe that only we hold, ends its group when we are killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';

/** The exit codes of a shell for a command that does not exist, or can't be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/** Signals that end the command. The others are passed on at once. */
const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
const PASSED_ON: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGWINCH',
  'SIGCONT',
];
/** What a terminal sends to every process of the group. */
const FOR_ALL: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGWINCH',
  'SIGCONT',
  'SIGSTOP',
]);

export interface CommandHooks {
  /** The command runs. */
  started(): void;
  /** Called before an ending signal is passed on; a second signal does not wait for it. */
  ending(signal: NodeJS.Signals): Promise<void>;
  /** The command can't be started. */
  failed(message: string): void;
}

/** Reads a group, and ends it unless another line comes: SIGTERM, and SIGKILL for what is left after ten seconds. */
const GUARD = `
  read -r group && ! read -r _ || exit
  kill -s TERM -- "-$group"
  for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -s 0 -- "-$group" || exit; done
  kill -s KILL -- "-$group"`;

/** Resolves with the exit code: the command's own, or 128 and the number of the signal that ended it. */
export function runCommand([command = '', ...args]: readonly string[], hooks: CommandHooks): Promise<number> {
  const guard = startGuard();
  const child = spawn(command, args, { stdio: 'inherit', detached: true });
  if (child.pid !== undefined) guard.write(`${child.pid}\n`);
  const pass = (signal: NodeJS.Signals) => passOn(child, signal);
  const handlers = new Map<NodeJS.Signals, () => void>();
  let endings = 0;
  const onEnding = (signal: NodeJS.Signals) => {
    endings += 1;
    if (endings > 1) pass(signal);
    else void hooks.ending(signal).then(() => pass(signal));
  };
  for (const signal of ENDING) handlers.set(signal, () => onEnding(signal));
  for (const signal of PASSED_ON) handlers.set(signal, () => pass(signal));
  // Ctrl-Z: a process group without a terminal ignores SIGTSTP, so it gets SIGSTOP; then we stop as well.
  handlers.set('SIGTSTP', () => {
    passOn(child, 'SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  });
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return new Promise((resolve) => {
    const finish = (code: number) => {
      guard.end('ended\n');
      for (const [signal, handler] of handlers) process.off(signal, handler);
      resolve(code);
    };
    child.once('spawn', () => hooks.started());
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      hooks.failed(`${command} can't be run: ${error.message}`);
      finish(error.code === 'ENOENT' ? NOT_FOUND : NOT_RUNNABLE);
    });
    child.once('exit', (code, signal) =>
      finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

/** Before the command, so that it is told of it as soon as there is one. Without a shell there is no guard. */
function startGuard(): Writable {
  const guard = spawn('/bin/sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.once('error', () => undefined).unref();
  return guard.stdin.once('error', () => undefined);
}

/** Sends the signal to the command, or to its whole group; does nothing when it has ended. */
function passOn(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (!FOR_ALL.has(signal)) return void child.kill(signal);
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended just now.
  }
}
