/** `lbctl wait`. */
import type { AddCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { examples, revisionNumber } from './options.ts';

export const addWait: AddCommand = (program, execute) => {
  program
    .command('wait')
    .summary('wait until every proxy runs a revision')
    .description(
      'Waits until every proxy on the roster runs at least this revision. Exits with 1 when one of them rejected it,\nwith 4 when --timeout has passed.',
    )
    .argument('<revision>', 'its number', revisionNumber)
    .addHelpText('after', examples('lbctl wait 42', 'lbctl wait 42 --timeout 2m'))
    .action((revision: string) =>
      execute(async ({ context, session }) => {
        const { waitConverged } = await import('../session/wait-converged.ts');
        await waitConverged(context, session, revision, false);
        return EXIT.done;
      }),
    );
};
