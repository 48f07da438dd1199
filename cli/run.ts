/** One run of lbctl: arguments and streams in, an exit code out. */
import { hostname, userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { type Command, CommanderError } from 'commander';
import { systemClock } from '../core/runtime/clock.ts';
import { systemLookup } from '../core/runtime/name-lookup.ts';
import { systemRandom } from '../core/runtime/random.ts';
import type { TokenFile } from '../core/runtime/token-file.ts';
import type { Action } from './command.ts';
import { type Context, type Format, tell } from './context.ts';
import { EXIT, type ExitCode, toCliError } from './exit.ts';
import { printable } from '../core/runtime/printable.ts';
import { styleFor } from './output/style.ts';
import { buildProgram } from './program.ts';

export interface Environment {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
}

interface GlobalOptions {
  readonly server: readonly string[];
  readonly tokenFile?: TokenFile;
  readonly output: Format;
  readonly timeout: number;
}

/** `words` is everything after `lbctl`. */
export async function run(words: readonly string[], environment: Environment): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const output = {
    writeOut: (text: string) => environment.stdout.write(text),
    writeErr: (text: string) => environment.stderr.write(text),
  };
  const program = buildProgram(async (action) => {
    const context = contextOf(program, environment);
    const { tokenFile } = program.opts<GlobalOptions>();
    if (tokenFile?.warning) tell(context, `warning: ${tokenFile.warning}`);
    exitCode = await execute(action, context);
  }, output);
  try {
    if (words[0] === '__complete') {
      await completeLine(program, words.slice(words[1] === '--' ? 2 : 1), environment);
    } else await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return report(error, environment.stderr);
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
  environment: Environment,
): Promise<void> {
  const { complete } = await import('./completion/complete.ts');
  // The words are not parsed, so commander has not read the environment.
  const server = environment.env['LBCTL_SERVER'];
  if (server) program.setOptionValue('server', server.split(','));
  const tokenFile = environment.env['LBCTL_TOKEN_FILE'];
  await complete(program, words, contextOf(program, environment), tokenFile);
}

function contextOf(program: Command, environment: Environment): Context {
  const { stdin, stdout, stderr, env } = environment;
  const options = program.opts<GlobalOptions>();
  return {
    stdin,
    stdout,
    stderr,
    showProgress: stderr.isTTY === true,
    style: styleFor(stdout.isTTY === true, env['NO_COLOR']),
    clock: systemClock,
    random: systemRandom,
    servers: options.server,
    lookup: systemLookup,
    ...(options.tokenFile && { token: options.tokenFile }),
    format: options.output,
    timeoutMs: options.timeout,
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
function report(error: unknown, stderr: Writable): ExitCode {
  const { exitCode, message, details } = toCliError(error);
  stderr.write(`lbctl: ${printable(message)}\n`);
  for (const detail of details) stderr.write(`  ${printable(detail)}\n`);
  return exitCode;
}
