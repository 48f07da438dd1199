/** `lbctl top`. */
import { InvalidArgumentError, Option } from 'commander';
import { duration, integer } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import { examples } from './options.ts';

export const addTop: AddCommand = (program, execute) => {
  program
    .command('top')
    .summary('connections, rates, bytes and latency, live')
    .description(
      'Shows the traffic of the fleet, live: q quits, the last lines of the screen name the other keys.\nWhere standard output is no terminal, or with -o json or --count, it prints the figures of each interval instead.',
    )
    .argument('[pool]', 'only this pool')
    .addOption(
      new Option('--interval <DURATION>', 'time between two updates, 1s to 1m')
        .argParser(interval)
        .default(1_000, '1s'),
    )
    .option('--count <N>', 'print that many times, then exit', integer(1, 1_000_000))
    .addHelpText(
      'after',
      examples('lbctl top', 'lbctl top web', 'lbctl top --count 1', 'lbctl top web -o json --interval 10s'),
    )
    .action(
      (pool: string | undefined, { interval: intervalMs, count }: { interval: number; count?: number }) =>
        execute(async ({ context, session }) => {
          const { runTop } = await import('../top/top.ts');
          return runTop(context, session, { pool, intervalMs, count });
        }),
    );
};

function interval(text: string): number {
  const ms = duration(text);
  if (ms < 1_000 || ms > 60_000) throw new InvalidArgumentError('Use 1s to 1m.');
  return ms;
}
