/** `lbctl show`. */
import type { AddCommand } from '../command.ts';
import { CliError, EXIT } from '../exit.ts';
import { examples, revisionNumber } from './options.ts';

export const addShow: AddCommand = (program, execute) => {
  program
    .command('show')
    .summary('what one revision changed')
    .description('Shows a revision: who made it, when and why, and every field that it changed.')
    .argument('<revision>', 'its number', revisionNumber)
    .addHelpText('after', examples('lbctl show 42', 'lbctl show 42 -o yaml'))
    .action((name: string) =>
      execute(async ({ context, session }) => {
        const { revisionFacts, revisionPlain } = await import('../kinds/revisions.ts');
        const { changePlain, differenceLines } = await import('../output/difference.ts');
        const { printPage } = await import('../output/page.ts');
        const { revision, changes } = await session.read('config', 'GetRevision', { revision: name });
        if (revision === null) {
          throw new CliError(EXIT.failed, `the control plane sent no revision ${name}`);
        }
        printPage(context, 'revision', {
          name: revision.revision,
          plain: { ...revisionPlain(revision), changes: changes.map(changePlain) },
          facts: revisionFacts(revision),
          tables: [],
          lines: differenceLines(changes, context.style),
        });
        return EXIT.done;
      }),
    );
};
