/** `lbctl history`. */
import { integer } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { examples } from './options.ts';

export const addHistory: AddCommand = (program, execute) => {
  program
    .command('history')
    .summary('who changed what, when and why')
    .description(
      'Lists the revisions that are kept, newest first: when, by whom, why, and what they changed.',
    )
    .option('--limit <N>', 'the number of revisions to list at most', integer(1, 1_000_000), 50)
    .addHelpText('after', examples('lbctl history', 'lbctl history --limit 500 -o json'))
    .action((options: { limit: number }) =>
      execute(async ({ context, session }) => {
        const { listRevisions } = await import('../kinds/revisions.ts');
        const { printListing } = await import('../output/listing.ts');
        printListing(context, 'revision', await listRevisions(session, context, options));
        return EXIT.done;
      }),
    );
};
