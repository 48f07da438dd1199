/** `lbctl history`, `lbctl show` and `lbctl rollback`. */
import { integer } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ChangeOptions } from '../session/change.ts';
import { changing, examples, revisionNumber } from './options.ts';

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

export const addRollback: AddCommand = (program, execute) => {
  const rollback = program
    .command('rollback')
    .summary('bring back the configuration of an earlier revision')
    .description(
      'Makes a new revision with the configuration of an earlier one. The state of each backend that exists stays as it\nis; a backend that is brought back has the state it had. What was left alone is listed on standard error.',
    )
    .argument('<revision>', 'its number', revisionNumber);
  changing(
    rollback,
    'lbctl rollback 41 --dry-run',
    'lbctl rollback 41 --wait --message "42 broke the login"',
  ).action((revision: string, options: ChangeOptions) =>
    execute(({ change }) => change('config', 'Rollback', { revision }, options)),
  );
};
