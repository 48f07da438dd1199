/**
 * One child process of `npm start`, with its log.
 *
 * Invariants
 *  - it is a process group of its own, so a Ctrl-C reaches only the parent, which stops its children in order;
 *  - it ends when the parent ends, however that happens (child-lifetime.ts);
 *  - every line it writes is in its log file; warnings and errors are also shown at once.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readable } from './log-lines.ts';

export interface ChildOptions {
  /** The name in front of its lines. */
  readonly name: string;
  /** Below dist/. */
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly verbose: boolean;
  /** The command that starts it by hand. */
  readonly command: string;
}

export interface Child {
  readonly options: ChildOptions;
  /** Settles when the process has ended, with a text that says how. */
  readonly ended: Promise<string>;
  readonly running: boolean;
  /** The last lines that were not shown, in readable form. */
  lastLines(): readonly string[];
  /** SIGTERM, and SIGKILL after the deadline. Settles when it has ended. */
  stop(deadlineMs: number): Promise<void>;
  kill(): void;
}

const LINES_KEPT = 8;
const CHILD_LIFETIME = new URL('child-lifetime.js', import.meta.url).href;

/** The path of a built program below dist/. */
export function built(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export function startChild(options: ChildOptions): Child {
  const process_ = spawn(
    process.execPath,
    ['--import', CHILD_LIFETIME, built(options.program), ...options.args],
    {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  const log = createWriteStream(options.logFile);
  const last: string[] = [];
  let running = true;
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      running = false;
      log.end();
      resolve(how);
    };
    process_.once('error', (error) => end(`could not be started: ${error.message}`));
    process_.once('close', (code, signal) =>
      end(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
    );
  });
  // The pipe breaks when the child dies, which `ended` reports.
  process_.stdin.on('error', () => undefined);
  follow(process_.stdout, (line) => log.write(`${line}\n`));
  follow(process_.stderr, (line) => {
    log.write(`${line}\n`);
    const { text, important } = readable(line);
    if (important || options.verbose) {
      console.error(`${options.name.padEnd(16)}  ${text}`);
      return;
    }
    last.push(text);
    if (last.length > LINES_KEPT) last.shift();
  });
  return {
    options,
    ended,
    get running() {
      return running;
    },
    lastLines: () => last,
    async stop(deadlineMs) {
      if (!running) return;
      process_.kill('SIGTERM');
      const timer = setTimeout(() => process_.kill('SIGKILL'), deadlineMs);
      await ended;
      clearTimeout(timer);
    },
    kill: () => void process_.kill('SIGKILL'),
  };
}

function follow(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on('line', onLine);
}
