/** `lbctl top`. */
import { InvalidArgumentError, Option } from 'commander';
import { duration, integer } from '../../core/runtime/flags.ts';
import type { TopOptions } from '../commands/top.ts';
import type { AddCommands } from '../command.ts';
import { examples } from '../commands/options.ts';

export const addTopCommand: AddCommands = (program, execute) => {
  program
    .command('top')
    .summary('connections, rates, bytes and latency, live')
    .description(
      'Shows what goes through the fleet, live: q quits, the last lines of the screen name the other keys.\nWhere standard output is no terminal, or with -o json or --count, it prints the figures of each interval instead.',
    )
    .argument('[pool]', 'only this pool')
    .addOption(
      new Option('--interval <DURATION>', 'from one look to the next, 1s to 1m')
        .argParser(interval)
        .default(1_000, '1s'),
    )
    .option('--count <N>', 'print so many times, then end', integer(1, 1_000_000))
    .addHelpText(
      'after',
      examples('lbctl top', 'lbctl top web', 'lbctl top --count 1', 'lbctl top web -o json --interval 10s'),
    )
    .action((pool: string | undefined, options: TopOptions) =>
      execute(async (context, session) =>
        (await import('../commands/top.ts')).top(context, session, pool, options),
      ),
    );
};

function interval(text: string): number {
  const ms = duration(text);
  if (ms < 1_000 || ms > 60_000) throw new InvalidArgumentError('Use 1s to 1m.');
  return ms;
}
