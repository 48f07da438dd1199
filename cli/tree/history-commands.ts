/** Commands about earlier revisions that are no manifests: history, show, rollback. */
import { integer } from '../../core/runtime/flags.ts';
import type { ChangeOptions } from '../session/change-fields.ts';
import type { AddCommands } from '../command.ts';
import { addChangeOptions, examples, revisionNumber } from '../commands/options.ts';

const commands = () => import('../commands/history.ts');

export const addHistoryCommands: AddCommands = (program, execute) => {
  program
    .command('history')
    .summary('who changed what, when and why')
    .description(
      'Lists the revisions that are kept, newest first: when, by whom, why, and what they changed.',
    )
    .option('--limit <N>', 'at most so many', integer(1, 1_000_000), 50)
    .addHelpText('after', examples('lbctl history', 'lbctl history --limit 500 -o json'))
    .action((options: { limit: number }) =>
      execute(async (context, session) => (await commands()).history(context, session, options)),
    );
  program
    .command('show')
    .summary('what one revision changed')
    .description('Shows a revision: who made it, when and why, and every field that it changed.')
    .argument('<revision>', 'its number', revisionNumber)
    .addHelpText('after', examples('lbctl show 42', 'lbctl show 42 -o yaml'))
    .action((revision: string) =>
      execute(async (context, session) => (await commands()).show(context, session, revision)),
    );
};

export const addRollback: AddCommands = (program, execute) => {
  addChangeOptions(
    program
      .command('rollback')
      .summary('bring back the configuration of an earlier revision')
      .description(
        'Makes a new revision with the configuration of an earlier one. The state of each backend that exists stays as it\nis; a backend that is brought back has the state it had. What was left alone is said on standard error.',
      )
      .argument('<revision>', 'its number', revisionNumber),
  )
    .addHelpText(
      'after',
      examples('lbctl rollback 41 --dry-run', 'lbctl rollback 41 --wait --message "42 broke the login"'),
    )
    .action((revision: string, options: ChangeOptions) =>
      execute(async (context, session) => (await commands()).rollback(context, session, revision, options)),
    );
};
