/** Commands for the store as a whole. */
import type { AdoptOptions } from '../commands/store.ts';
import type { AddCommands } from '../command.ts';
import { addChangeOptions, collect, examples } from '../commands/options.ts';

export const addStoreCommands: AddCommands = (program, execute) => {
  const store = program.command('store').summary('accept a restored or moved store');
  store.description('What concerns the store of the control planes as a whole.');
  addChangeOptions(
    store
      .command('adopt')
      .summary('accept a restored or moved store')
      .description(
        'Accepts the store as it is now: filled again after it was wiped, restored from a backup, or moved. Control planes and proxies that refuse it go on with it.',
      )
      .option(
        '--replaces <ID>',
        'a further store that it takes the place of; those that run are known; repeatable',
        collect(String),
      ),
  )
    .addHelpText('after', examples('lbctl store adopt --dry-run', 'lbctl store adopt --wait'))
    .action((options: AdoptOptions) =>
      execute(async (context, session) =>
        (await import('../commands/store.ts')).adoptStore(context, session, options),
      ),
    );
};
