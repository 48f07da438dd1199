/** `lbctl events`. */
import { duration } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import { examples } from './options.ts';

export const addEvents: AddCommand = (program, execute) => {
  program
    .command('events')
    .summary('what happened: health, proxies that came and went, changes')
    .description(
      'Lists what happened, oldest first: transitions of backends, proxies that came and went, listeners that failed, and\ncommits. It comes from the memory of one control plane, which begins with an empty one.',
    )
    .option('--since <DURATION>', 'only what happened in this much of the past, such as 15m', duration)
    .option('-w, --watch', 'keep running, and show what happens')
    .addHelpText(
      'after',
      examples('lbctl events', 'lbctl events --since 15m', 'lbctl events --watch -o json'),
    )
    .action(({ since, watch = false }: { since?: number; watch?: boolean }) =>
      execute(async ({ context, session }) => {
        const { showEvents } = await import('../kinds/events.ts');
        return showEvents(context, session, { sinceMs: since, watch });
      }),
    );
};
