/** What a command gets besides its arguments: streams, clock, randomness and the global options. Tests pass their own. */
import type { Readable } from 'node:stream';
import type { Clock } from '../core/runtime/clock.ts';
import type { Lookup } from '../core/runtime/name-lookup.ts';
import { printable } from '../core/runtime/printable.ts';
import type { Random } from '../core/runtime/random.ts';
import type { SentToken } from '../core/runtime/token-file.ts';
import type { TextError, TextOutput } from './output/standard-streams.ts';
import type { Style } from './output/style.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

export interface Context {
  /** A function, since reading `process.stdin` takes it from a command that shares it. */
  readonly stdin: () => Readable;
  readonly stdout: TextOutput;
  readonly stderr: TextError;
  /** Standard error is a terminal: progress may be shown there. */
  readonly showProgress: boolean;
  readonly style: Style;
  readonly clock: Clock;
  readonly random: Random;
  /** HOST:PORT of each replica, in the order in which they are tried. */
  readonly servers: readonly string[];
  /** Resolves the names among them. */
  readonly lookup: Lookup;
  readonly token?: SentToken;
  readonly format: Format;
  readonly timeoutMs: number;
  /** With --timeout; otherwise `timeoutMs` is the default, and a drain may take longer. */
  readonly isTimeoutGiven: boolean;
  /** Recorded in the commit of a change. */
  readonly author: string;
}

/** Writes a message for a person on one line, which never goes to stdout. */
export function tell({ stderr }: Pick<Context, 'stderr'>, line: string): void {
  stderr.write(`${printable(line)}\n`);
}
