/** Runs a command as a child: its streams are ours, our signals are its, and its end is ours. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What a shell exits with for a command that is not there, or can't be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/** Signals that mean: end. The others are passed on at once. */
const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'];

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
  const child = spawn(command, args, { stdio: 'inherit' });
  const handlers = new Map<NodeJS.Signals, () => void>();
  let endings = 0;
  const onEnding = (signal: NodeJS.Signals) => {
    endings += 1;
    if (endings > 1) child.kill(signal);
    else void hooks.ending().then(() => child.kill(signal));
  };
  for (const signal of ENDING) handlers.set(signal, () => onEnding(signal));
  for (const signal of PASSED_ON) handlers.set(signal, () => void child.kill(signal));
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
