/** `lbctl register`. */
import { Option } from 'commander';
import { REGISTRATION_TTL_MS } from '../../core/model/registration.ts';
import { duration } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import type { RegisterOptions } from '../register/register.ts';
import { ADDRESS_FORM, addWeight, examples } from './options.ts';

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
        const { register } = await import('../register/register.ts');
        return register(context, pool, address, command, options);
      }),
    );
};
