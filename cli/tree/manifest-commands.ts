/** Commands about manifests: apply, diff, export. */
import type { ApplyOptions } from '../commands/apply.ts';
import type { AddCommands } from '../command.ts';
import { addChangeOptions, collect, examples, revisionNumber } from '../commands/options.ts';

const path = collect((text: string) => text);

export const addManifestCommands: AddCommands = (program, execute) => {
  addChangeOptions(
    program
      .command('apply')
      .summary('make the configuration what manifests say, in one revision')
      .description(
        'Makes the configuration what the manifests say: all of it in one revision, or nothing. Each resource that is\nnamed is replaced whole; others stay, unless --prune. A backend whose state is left out keeps the one it has.',
      )
      .requiredOption(
        '-f, --file <PATH>',
        'a file, a directory (its *.yaml, *.yml and *.json) or - ; repeatable',
        path,
      )
      .option('--prune', 'delete what no manifest names'),
  )
    .addHelpText(
      'after',
      examples(
        'lbctl apply -f web.yaml --wait',
        'lbctl apply -f base.yaml -f site/ --prune --dry-run',
        'lbctl export | sed s/round_robin/random/ | lbctl apply -f - --message "try random"',
      ),
    )
    .action((options: ApplyOptions) =>
      execute(async (context, session) =>
        (await import('../commands/apply.ts')).apply(context, session, options),
      ),
    );
  addDiff(program, execute);
  program
    .command('export')
    .summary('the whole configuration as manifests')
    .description('Writes the whole configuration as manifests that apply recreates it from.')
    .addHelpText('after', examples('lbctl export > all.yaml', 'lbctl export -o json'))
    .action(() =>
      execute(async (context, session) =>
        (await import('../commands/export.ts')).exportAll(context, session),
      ),
    );
};

interface DiffOptions extends Omit<ApplyOptions, 'file'> {
  readonly file?: readonly string[];
}

const addDiff: AddCommands = (program, execute) => {
  const command = program
    .command('diff')
    .summary('what apply would change, or what two revisions differ in')
    .description(
      'Shows what apply would change (-f), or what leads from one revision to another. Exits with 0 for no difference,\n5 for a difference, 1 for a bad file or a revision that is not kept.',
    )
    .argument('[revision]', 'from this revision', revisionNumber)
    .argument('[revision]', 'to this one', revisionNumber)
    .option('-f, --file <PATH>', 'a file, a directory or - ; repeatable', path)
    .option('--prune', 'with -f: as if what no manifest names were deleted')
    .addHelpText(
      'after',
      examples('lbctl diff -f web.yaml', 'lbctl diff -f site/ --prune -o name', 'lbctl diff 41 42'),
    )
    .action((from: string | undefined, to: string | undefined, { file, ...options }: DiffOptions) => {
      if (from === undefined && file !== undefined) {
        return execute(async (context, session) =>
          (await import('../commands/apply.ts')).diff(context, session, { ...options, file }),
        );
      }
      if (from === undefined || to === undefined || file !== undefined || options.prune) {
        return command.error('error: name manifests with -f, or two revisions: lbctl diff 41 42');
      }
      return execute(async (context, session) =>
        (await import('../commands/history.ts')).diffRevisions(context, session, from, to),
      );
    });
};
