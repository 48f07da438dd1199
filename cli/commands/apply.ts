/** `lbctl apply`. */
import type { AddCommand } from '../command.ts';
import type { ChangeOptions } from '../session/change.ts';
import { changing, collect } from './options.ts';

export const addApply: AddCommand = (program, execute) => {
  const apply = program
    .command('apply')
    .summary('make the configuration what manifests say, in one revision')
    .description(
      'Makes the configuration what the manifests say: all of it in one revision, or nothing. Each resource that is\nnamed is replaced whole; others stay, unless --prune is given. A backend whose state is left out keeps its state.',
    )
    .requiredOption(
      '-f, --file <PATH>',
      'a file, a directory (its *.yaml, *.yml and *.json) or - ; repeatable',
      collect(String),
    )
    .option('--prune', 'delete what no manifest names');
  changing(
    apply,
    'lbctl apply -f web.yaml --wait',
    'lbctl apply -f base.yaml -f site/ --prune --dry-run',
    'lbctl export | sed s/round_robin/random/ | lbctl apply -f - --message "try random"',
  ).action(({ file, prune = false, ...options }: ChangeOptions & { file: string[]; prune?: boolean }) =>
    execute(async ({ context, change }) => {
      const { loadManifests } = await import('../manifest/load.ts');
      const { resources, traced } = await loadManifests(file, context.stdin);
      return traced(change('config', 'Apply', { resources, prune }, options));
    }),
  );
};
