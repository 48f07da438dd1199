/**
 * Runs a command as a child: its streams are ours, our signals are its, and its end is ours.
 *
 * It has a session and a process group of its own (`detached` is setsid): a Ctrl-C at a terminal is for everybody in the
 * group there, and would end the command before the pool has let go of it. What a terminal means for all of them reaches
 * the whole group of the command, from here. The price: the command has no controlling terminal, so `/dev/tty` does not open.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What a shell exits with for a command that is not there, or can't be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/** Signals that mean: end. The others are passed on at once. */
const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'];
/** What a terminal sends to everybody in the group. */
const FOR_ALL: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGWINCH',
  'SIGCONT',
  'SIGSTOP',
]);

export interface CommandHooks {
  /** It runs. */
  started(): void;
  /** Before it is told to end; a second signal does not wait for this. */
  ending(): Promise<void>;
  /** It can't be started: why. */
  failed(message: string): void;
}

/** Resolves with the exit code: the command's own, or 128 and the number of the signal that ended it. */
export function runCommand([command = '', ...args]: readonly string[], hooks: CommandHooks): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', detached: true });
  const pass = (signal: NodeJS.Signals) => passOn(child, signal);
  const handlers = new Map<NodeJS.Signals, () => void>();
  let endings = 0;
  const onEnding = (signal: NodeJS.Signals) => {
    endings += 1;
    if (endings > 1) pass(signal);
    else void hooks.ending().then(() => pass(signal));
  };
  for (const signal of ENDING) handlers.set(signal, () => onEnding(signal));
  for (const signal of PASSED_ON) handlers.set(signal, () => pass(signal));
  // Ctrl-Z: a group without a terminal ignores the polite form, and we stop with it.
  handlers.set('SIGTSTP', () => {
    passOn(child, 'SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  });
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return new Promise((resolve) => {
    const finish = (code: number) => {
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

/** To the command, or to its whole group. Fine when it has ended. */
function passOn(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (!FOR_ALL.has(signal)) return void child.kill(signal);
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended just now.
  }
}
