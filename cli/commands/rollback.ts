/** `lbctl rollback`. */
import type { AddCommand } from '../command.ts';
import type { ChangeOptions } from '../session/change.ts';
import { changing, revisionNumber } from './options.ts';

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
