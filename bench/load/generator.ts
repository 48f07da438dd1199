/** A load program of ours as a process of its own, which answers one question after the other. */
import { fork } from 'node:child_process';
import { built, type Scope } from '../../harness/programs/processes.ts';
import { pinnedTo } from '../pinning.ts';

export interface Generator<Question, Answer> {
  /** One at a time. Rejects when the program ends instead of answering, or after the deadline. */
  ask(question: Question, deadlineMs?: number): Promise<Answer>;
}

const DEADLINE_MS = 60_000;

/** `program` is a file of bench/programs, without its ending. */
export function startGenerator<Question extends object, Answer>(
  scope: Scope,
  cpu: number,
  program: string,
): Generator<Question, Answer> {
  const [execPath, ...execArgv] = [...pinnedTo(cpu), process.execPath];
  const child = fork(built(`bench/programs/${program}.js`), [], { execPath, execArgv });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  scope.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    ask: (question, deadlineMs = DEADLINE_MS) =>
      new Promise((resolve, reject) => {
        const settle = (action: () => void) => {
          clearTimeout(timer);
          child.off('message', onMessage).off('exit', onExit);
          action();
        };
        const onMessage = (answer: unknown) => settle(() => resolve(answer as Answer));
        const onExit = () => settle(() => reject(new Error(`${program} ended before it answered`)));
        const timer = setTimeout(onLate, deadlineMs);
        function onLate(): void {
          settle(() => reject(new Error(`${program}: no answer in ${deadlineMs / 1_000} s`)));
        }
        child.once('message', onMessage).once('exit', onExit);
        child.send(question);
      }),
  };
}
