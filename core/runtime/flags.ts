/**
 * Command-line flags with an environment variable each (`--grpc-address` ⇄ `LB_GRPC_ADDRESS`; the flag wins) and
 * parsers whose errors say what is allowed. A bad value ends the program with exit code 2.
 */
import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../model/duration.ts';
import { messageOf } from './errors.ts';
import { TokenFile } from './token-file.ts';
import { VERSION } from './version.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Turns the text of a flag into its value, or throws InvalidArgumentError that says what is allowed. */
export type Parse<T> = (text: string) => T;

/** `spec` is as commander wants it: `--grpc-address <HOST:PORT>`. `shown` is the default as the help shows it. */
export function flag<T>(
  spec: string,
  description: string,
  parse: Parse<T>,
  fallback?: T,
  shown?: string,
): Option {
  const option = new Option(spec, description).env(environmentVariable(spec)).argParser(parse);
  return fallback === undefined ? option : option.default(fallback, shown);
}

/** Off by default. `--name` alone turns it on; the environment variable is `true` or `false`. */
export function switchFlag(name: string, description: string): Option {
  return flag(
    `${name} [true|false]`,
    description,
    (text) => choice(['true', 'false'])(text) === 'true',
    false,
  ).preset('true');
}

function environmentVariable(spec: string): string {
  const name = spec.split(/[ ,]/)[0] ?? spec;
  return `LB_${name.replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;
}

export const logLevelFlag = () =>
  flag(
    '--log-level <LEVEL>',
    `least severe log line written: ${LOG_LEVELS.join('|')}`,
    choice(LOG_LEVELS),
    'info',
  );

/** Reads the file. */
export const tokenFile: Parse<TokenFile> = (text) => {
  try {
    return new TokenFile(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
};

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** HOST:PORT, IPv6 as [IP]:PORT; port 0 picks a free one. */
export const hostPort: Parse<HostPort> = (text) => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535)
    throw new InvalidArgumentError('Use HOST:PORT, for IPv6 [IP]:PORT, with a port from 0 to 65535.');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
};

/** One or more HOST:PORT with commas between; kept as text. */
export const hostPortList: Parse<string[]> = (text) => {
  const addresses = text.split(',').map((address) => address.trim());
  for (const address of addresses) hostPort(address);
  if (new Set(addresses).size < addresses.length)
    throw new InvalidArgumentError('An address is given twice.');
  return addresses;
};

/** Milliseconds. */
export const duration: Parse<number> = (text) => {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.description);
  return parsed.ms;
};

export function integer(min: number, max: number): Parse<number> {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Use a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function choice<T extends string>(words: readonly T[]): Parse<T> {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`Use one of ${words.join(', ')}.`);
    return found;
  };
}

/** `HOST:PORT`, with brackets around IPv6. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Parses the arguments of this process. Exits with 0 after --help and --version, with 2 on wrong usage. */
export function parseProgram<T extends object>(program: Command): T {
  program
    .version(VERSION, '--version', `print the version of ${program.name()}`)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError('(--help says more)');
  try {
    return program.parse().opts<T>();
  } catch (error) {
    process.exit(error instanceof CommanderError && error.exitCode === 0 ? 0 : 2);
  }
}

/** For problems of several flags together: prints one line each and exits with 2. */
export function exitOnWrongUsage(problems: readonly string[]): never {
  const lines = [...problems.map((problem) => `error: ${problem}`), '(--help says more)'];
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(2);
}
