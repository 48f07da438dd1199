/** `lbctl diff`. */
import type { AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import type { Session } from '../session/session.ts';
import { collect, examples, revisionNumber } from './options.ts';

export const addDiff: AddCommand = (program, execute) => {
  const command = program
    .command('diff')
    .summary('what apply would change, or what differs between two revisions')
    .description(
      'Shows what apply would change (-f), or what leads from one revision to another. Exits with 0 for no difference,\n5 for a difference, 1 for a bad file or a revision that is not kept.',
    )
    .argument('[revision]', 'from this revision', revisionNumber)
    .argument('[revision]', 'to this one', revisionNumber)
    .option('-f, --file <PATH>', 'a file, a directory or - ; repeatable', collect(String))
    .option('--prune', 'with -f: as if what no manifest names were deleted')
    .addHelpText(
      'after',
      examples('lbctl diff -f web.yaml', 'lbctl diff -f site/ --prune -o name', 'lbctl diff 41 42'),
    )
    .action(
      (from: string | undefined, to: string | undefined, options: { file?: string[]; prune?: boolean }) => {
        const { file, prune = false } = options;
        const isWrong = file === undefined ? to === undefined || prune : from !== undefined;
        if (isWrong) command.error('error: name manifests with -f, or two revisions: lbctl diff 41 42');
        return execute(async ({ context, session }) => {
          const { printDifference } = await import('../output/difference.ts');
          const { changes } =
            file === undefined
              ? await session.read('config', 'DiffRevisions', {
                  fromRevision: from ?? '',
                  toRevision: to ?? '',
                })
              : await wouldApply(context, session, file, prune);
          printDifference(context, changes);
          return changes.length === 0 ? EXIT.done : EXIT.different;
        });
      },
    );
};

async function wouldApply(context: Context, session: Session, file: readonly string[], prune: boolean) {
  const { loadManifests } = await import('../manifest/load.ts');
  const { changeFields } = await import('../session/change.ts');
  const { resources, traced } = await loadManifests(file, context.stdin);
  const request = { resources, prune, ...changeFields(context, { dryRun: true }) };
  return traced(session.change('config', 'Apply', request));
}
