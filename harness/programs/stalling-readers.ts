/** Whatever can be at the other end of a program's standard output or error, and reads nothing until it is told to. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Scope, shellQuoted, temporaryFolder } from './processes.ts';
import { Pty } from './pty.ts';

type StandardStream = 1 | 2;

export interface Watched {
  /** All that was read. */
  readonly text: string;
  /** To standard input. */
  say(text: string): void;
  /** A terminal shows nothing from now on. Others have no reader to begin with. */
  stall(): void;
  read(): void;
  /** The program has ended, whether or not anything was read. */
  readonly ended: Promise<unknown>;
}

/** Runs a program whose stream leads there; the other one leads nowhere. */
type Start = (scope: Scope, stream: StandardStream, words: readonly string[]) => Watched;

export interface StallingReader {
  readonly name: string;
  /** It can be opened once more, by one name or another. */
  readonly canBeOpened: boolean;
  readonly start: Start;
}

export const FOREIGN_TERMINAL: StallingReader = {
  name: 'a terminal of another user',
  canBeOpened: true,
  start: onTerminal(true),
};

export const STALLING_READERS: readonly StallingReader[] = [
  { name: 'a pipe', canBeOpened: true, start: onPipe(false) },
  { name: 'a pipe that another user made', canBeOpened: false, start: onPipe(true) },
  { name: 'a socket', canBeOpened: false, start: onSocket },
  { name: 'a terminal', canBeOpened: true, start: onTerminal(false) },
  FOREIGN_TERMINAL,
];

function onSocket(scope: Scope, stream: StandardStream, words: readonly string[]): Watched {
  // What Node calls a pipe is a pair of sockets.
  const child = startWith(scope, stream, words, 'pipe');
  return watched(child, () => child.stdio[stream] as Readable);
}

function onPipe(isOfAnother: boolean): Start {
  return (scope, stream, words) => {
    const pipe = join(temporaryFolder(scope), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, 'w');
    if (isOfAnother) chmodSync(pipe, 0);
    const child = startWith(scope, stream, isOfAnother ? unprivileged(words) : words, writer);
    closeSync(writer);
    const socket = new Socket({ fd: reader, readable: true, writable: false });
    scope.after(() => void socket.destroy());
    return watched(child, () => socket);
  };
}

function onTerminal(isOfAnother: boolean): Start {
  return (scope, stream, words) => {
    const all = (isOfAnother ? unprivileged(words) : words).map(shellQuoted).join(' ');
    const close = isOfAnother ? 'chmod 0 "$(tty)"; ' : '';
    const pty = new Pty(scope, `stty -echo; ${close}${all} ${stream === 1 ? '2' : ''}>/dev/null`);
    return {
      get text() {
        return pty.text;
      },
      say: (text) => pty.press(text),
      stall: () => pty.stall(),
      read: () => pty.goOn(),
      ended: pty.ended,
    };
  };
}

function startWith(scope: Scope, stream: StandardStream, words: readonly string[], other: 'pipe' | number) {
  const [command = '', ...args] = words;
  const stdio = stream === 1 ? (['pipe', other, 'ignore'] as const) : (['pipe', 'ignore', other] as const);
  const child = spawn(command, args, { stdio: [...stdio] });
  scope.after(() => void child.kill('SIGKILL'));
  return child;
}

function watched(child: ReturnType<typeof startWith>, source: () => Readable): Watched {
  let text = '';
  return {
    get text() {
      return text;
    },
    say: (words) => void child.stdin?.write(words),
    stall: () => undefined,
    read: () =>
      void source()
        .setEncoding('utf8')
        .on('data', (chunk: string) => (text += chunk)),
    ended: once(child, 'exit'),
  };
}

/** Without root's power to open what its mode forbids. */
function unprivileged(words: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return words;
  return ['setpriv', '--bounding-set=-dac_override,-dac_read_search', ...words];
}
