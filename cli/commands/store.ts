/** `lbctl store ...`: what concerns the store as a whole. */
import type { AddCommand } from '../command.ts';
import type { ChangeOptions } from '../session/change.ts';
import { changing, collect } from './options.ts';

export const addStore: AddCommand = (program, execute) => {
  const store = program.command('store').summary('accept a restored or moved store');
  store.description('Commands for the store of the control planes as a whole.');
  const adopt = store
    .command('adopt')
    .summary('accept a restored or moved store')
    .description(
      'Accepts the store as it is now: filled again after it was wiped, restored from a backup, or moved. Control planes and proxies that refuse it go on with it.',
    )
    .option(
      '--replaces <ID>',
      'a further store that this one replaces; those that run are known; repeatable',
      collect(String),
    );
  changing(adopt, 'lbctl store adopt --dry-run', 'lbctl store adopt --wait').action(
    ({ replaces = [], ...options }: ChangeOptions & { replaces?: string[] }) =>
      execute(({ change }) => change('config', 'AdoptStore', { replaces }, options)),
  );
};
