/** Commands about manifests: apply, diff, export. */
import type { ApplyOptions } from '../commands/apply.ts';
import type { AddCommands } from './execute.ts';
import { addChangeOptions, collect, examples } from './options.ts';

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
  program
    .command('diff')
    .summary('what apply would change')
    .description(
      'Shows what apply would change. Exits with 0 for no difference, 5 for a difference, 1 for a bad file.',
    )
    .requiredOption('-f, --file <PATH>', 'a file, a directory or - ; repeatable', path)
    .option('--prune', 'as if what no manifest names were deleted')
    .addHelpText('after', examples('lbctl diff -f web.yaml', 'lbctl diff -f site/ --prune -o name'))
    .action((options: ApplyOptions) =>
      execute(async (context, session) =>
        (await import('../commands/apply.ts')).diff(context, session, options),
      ),
    );
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
