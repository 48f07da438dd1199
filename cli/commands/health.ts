/** `lbctl health`. */
import type { AddCommand } from '../command.ts';
import { examples } from './options.ts';

export const addHealth: AddCommand = (program, execute) => {
  program
    .command('health')
    .summary('every backend as each proxy sees it')
    .description('Shows the state of every backend as each proxy sees it, with the reason and since when.')
    .argument('[pool]', 'only this pool')
    .option('-w, --watch', 'keep running, and show what changes')
    .addHelpText('after', examples('lbctl health', 'lbctl health web --watch', 'lbctl health web -o json'))
    .action((pool: string | undefined, { watch = false }: { watch?: boolean }) =>
      execute(async ({ context, session }) => {
        const { listHealth } = await import('../kinds/backends.ts');
        const { onlyOfPool, showListing } = await import('../kinds/kinds.ts');
        const list = async () => onlyOfPool(session, await listHealth(session, context), pool);
        return showListing(context, session, 'health', list, { watch, isOne: false });
      }),
    );
};
