/** One run of lbctl: arguments and streams in, an exit code out. */
import { hostname, userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { type Command, CommanderError } from 'commander';
import { systemClock } from '../core/runtime/clock.ts';
import { messageOf } from '../core/runtime/errors.ts';
import { systemLookup } from '../core/runtime/name-lookup.ts';
import { systemRandom } from '../core/runtime/random.ts';
import type { TokenFile } from '../core/runtime/token-file.ts';
import type { Action } from './command.ts';
import { type Context, type Format, tell } from './context.ts';
import { EXIT, type ExitCode, toCliError } from './exit.ts';
import {
  isOutputClosed,
  OutputLost,
  standardError,
  standardOutput,
  type TextError,
  type TextOutput,
} from './output/standard-streams.ts';
import { styleFor } from './output/style.ts';
import { buildProgram } from './program.ts';

/** What lbctl takes of `process`, whose streams are made when they are read first. */
export interface Environment {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
}

interface Streams {
  readonly stdin: () => Readable;
  readonly stdout: TextOutput;
  readonly stderr: TextError;
}

interface GlobalOptions {
  readonly server: readonly string[];
  readonly tokenFile?: TokenFile;
  readonly output: Format;
  readonly timeout: number;
}

/** `words` is everything after `lbctl`. Resolves when all output is written, or has failed and was said to. */
export async function run(words: readonly string[], environment: Environment): Promise<ExitCode> {
  const streams = {
    stdin: () => environment.stdin,
    stdout: standardOutput(environment),
    stderr: standardError(environment),
  };
  const exitCode = await runWords(words, streams, environment.env);
  await streams.stdout.settled();
  return afterOutput(exitCode, streams);
}

async function runWords(
  words: readonly string[],
  streams: Streams,
  env: NodeJS.ProcessEnv,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const output = {
    writeOut: (text: string) => streams.stdout.write(text),
    writeErr: (text: string) => void streams.stderr.write(text),
  };
  const program = buildProgram(async (action) => {
    const context = contextOf(program, streams, env);
    const { tokenFile } = program.opts<GlobalOptions>();
    if (tokenFile?.warning) tell(context, `warning: ${tokenFile.warning}`);
    exitCode = await execute(action, context);
  }, output);
  try {
    if (words[0] === '__complete') {
      await completeLine(program, words.slice(words[1] === '--' ? 2 : 1), streams, env);
    } else await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return report(error, streams);
  }
}

async function execute(action: Action, context: Context): Promise<ExitCode> {
  const { openSession } = await import('./session/session.ts');
  const { changeMaker } = await import('./session/change.ts');
  const session = openSession(context);
  try {
    return await action({ context, session, change: changeMaker(context, session) });
  } finally {
    session.close();
  }
}

async function completeLine(
  program: Command,
  words: readonly string[],
  streams: Streams,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { complete } = await import('./completion/complete.ts');
  // The words are not parsed, so commander has not read the environment.
  const server = env['LBCTL_SERVER'];
  if (server) program.setOptionValue('server', server.split(','));
  const tokenFile = env['LBCTL_TOKEN_FILE'];
  await complete(program, words, contextOf(program, streams, env), tokenFile);
}

function contextOf(program: Command, streams: Streams, env: NodeJS.ProcessEnv): Context {
  const options = program.opts<GlobalOptions>();
  return {
    ...streams,
    showProgress: isatty(2),
    style: styleFor(isatty(1), env['NO_COLOR']),
    clock: systemClock,
    random: systemRandom,
    servers: options.server,
    lookup: systemLookup,
    ...(options.tokenFile && { token: options.tokenFile }),
    format: options.output,
    timeoutMs: options.timeout,
    isTimeoutGiven: program.getOptionValueSource('timeout') !== 'default',
    author: env['LBCTL_AUTHOR'] || `${userName(env)}@${hostname()}`,
  };
}

/** A process in a container may run as a user without a name. */
function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] || 'unknown';
  }
}

/** One line with the reason, then one line for each detail. */
function report(error: unknown, streams: Streams): ExitCode {
  if (error instanceof OutputLost) return EXIT.done;
  const { exitCode, message, details } = toCliError(error);
  tell(streams, `lbctl: ${message}`);
  for (const detail of details) tell(streams, `  ${detail}`);
  return exitCode;
}

/** A reader that has gone, as `head` does, has what it wanted. */
function afterOutput(exitCode: ExitCode, { stdout, stderr }: Streams): ExitCode {
  const { failure } = stdout;
  if (stdout.wasUsed && isOutputClosed()) {
    tell({ stderr }, 'lbctl: standard output is closed: what was printed went nowhere');
  }
  if (failure === null || failure.code === 'EPIPE' || exitCode === EXIT.unwritten) return exitCode;
  tell({ stderr }, `lbctl: standard output can't be written: ${messageOf(failure)}`);
  return exitCode === EXIT.done || exitCode === EXIT.different ? EXIT.unwritten : exitCode;
}
