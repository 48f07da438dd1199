/** `lbctl register`. */
import { randomUUID } from 'node:crypto';
import { Option } from 'commander';
import { formatDuration } from '../../core/model/duration.ts';
import { REGISTRATION_TTL_MS } from '../../core/model/limits.ts';
import { duration } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { ADDRESS_FORM, addWeight, examples } from './options.ts';

/** How long the control plane has to take note that the command has ended. */
const FAREWELL_MS = 2_000;

interface RegisterOptions {
  readonly weight?: number;
  readonly ttl: number;
  readonly drainWait: number;
}

export const addRegister: AddCommand = (program, execute) => {
  addWeight(
    program
      .command('register')
      .summary('keep a backend in a pool while a command runs')
      .description(
        'Runs a command, given behind -- with its arguments, and keeps its address in a pool while it runs.\nSIGTERM and SIGINT reach the command after it has left the pool. Exits as the command does.',
      )
      .argument('<pool>', 'the pool to be in')
      .argument('<address>', `where the proxies reach it: ${ADDRESS_FORM}`)
      .argument('<command...>', 'what to run'),
  )
    .addOption(
      new Option('--ttl <DURATION>', 'how long the pool keeps it after it was lost, 2s to 5m')
        .argParser(duration)
        .default(REGISTRATION_TTL_MS.default, '10s'),
    )
    .addOption(
      new Option('--drain-wait <DURATION>', 'how long a signal is held back while its connections drain')
        .argParser(duration)
        .default(10_000, '10s'),
    )
    .addHelpText(
      'after',
      examples(
        'lbctl register web 10.0.0.1:8080 -- ./server --port 8080',
        'lbctl --server 10.0.0.8:7000,10.0.0.9:7000 register web 10.0.0.1:8080 --weight 2 --ttl 5s -- ./server',
      ),
    )
    .action((pool: string, address: string, command: readonly string[], options: RegisterOptions) =>
      execute(async ({ context }) => {
        const { parseAddress } = await import('../../core/model/address.ts');
        const parsed = parseAddress(address);
        if (!parsed.ok) throw new CliError(EXIT.usage, parsed.description);
        const registration = { pool, address: parsed.value.canonical, ...options };
        return runRegistered(context, registration, command);
      }),
    );
};

/** Exits as the command did, whatever became of its registration and of whoever reads standard error. */
async function runRegistered(
  given: Context,
  { drainWait, ttl: ttlMs, ...fields }: RegisterOptions & { readonly pool: string; readonly address: string },
  command: readonly string[],
): Promise<ExitCode> {
  const { min, max } = REGISTRATION_TTL_MS;
  if (ttlMs < min || ttlMs > max)
    throw new CliError(EXIT.usage, `--ttl ${ttlMs / 1_000}s: it must be 2s to 5m`);
  const { standardErrorSink } = await import('../../core/runtime/line-sink.ts');
  const context = { ...given, stderr: standardErrorSink(given.clock) };
  const { Registrar } = await import('../register/registrar.ts');
  const { runCommand } = await import('../register/run-command.ts');
  const instanceId = randomUUID();
  let registrar: InstanceType<typeof Registrar> | undefined;
  const code = await runCommand(command, {
    started() {
      registrar = new Registrar(context, { ...fields, ttlMs, instanceId });
    },
    async ending(signal) {
      const latest = `after ${formatDuration(drainWait)} at the latest, at once if it comes again`;
      tell(
        context,
        `lbctl: ${signal}: leaving ${fields.pool}; the command gets it when no connection is left, ${latest}`,
      );
      await registrar?.leave(drainWait);
    },
    failed: (message) => tell(context, `lbctl: ${message}`),
  });
  await registrar?.leave(FAREWELL_MS);
  // It may be any number, also one that is not an exit code of lbctl.
  return code as ExitCode;
}
