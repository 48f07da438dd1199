/** `lbctl get`. */
import { integer } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import { CliError, EXIT } from '../exit.ts';
import { KIND_NAMES, KINDS, requireKind } from '../kinds/kind-names.ts';
import { examples } from './options.ts';

interface GetOptions {
  readonly pool?: string;
  readonly watch?: boolean;
  readonly limit: number;
}

export const addGet: AddCommand = (program, execute) => {
  program
    .command('get')
    .summary('list things, or show one')
    .description('Lists things of a kind, or shows the one of that name.')
    .argument('<kind>', `${KINDS.join('|')}, or the singular`)
    .argument('[name]', 'only this one; a backend’s name is its address, or POOL/ADDRESS')
    .option('--pool <POOL>', 'only what belongs to this pool (backends, listeners)')
    .option('-w, --watch', 'keep running, and show what changes')
    .option('--limit <N>', 'the number of revisions to list at most', integer(1, 1_000_000), 50)
    .addHelpText(
      'after',
      examples(
        'lbctl get pools',
        'lbctl get backends --pool web -o wide',
        'lbctl get backend web/10.0.0.1:8080 -o json',
        'lbctl get proxies --watch',
      ),
    )
    .action((word: string, name: string | undefined, { pool, watch = false, limit }: GetOptions) =>
      execute(async ({ context, session }) => {
        const { findNamed } = await import('../kinds/find-named.ts');
        const { KIND_VIEWS, onlyOfPool, showListing } = await import('../kinds/kinds.ts');
        const { referenceOf } = await import('../output/listing.ts');
        const kind = requireKind(word, KINDS);
        if (pool !== undefined && !['backends', 'listeners', 'pools'].includes(kind)) {
          const message = `--pool does not apply to ${kind}; use it for backends, listeners or pools`;
          throw new CliError(EXIT.usage, message);
        }
        const options = { limit, ...(name !== undefined && { name }) };
        const list = async () => {
          const listing = await onlyOfPool(
            session,
            await KIND_VIEWS[kind].list(session, context, options),
            pool,
          );
          if (name === undefined) return listing;
          // The newest of several processes with one id.
          const items = [...new Map(listing.items.map((item) => [referenceOf(kind, item), item])).values()];
          return { ...listing, items: [findNamed(kind, name, items)] };
        };
        return showListing(context, session, KIND_NAMES[kind], list, { watch, isOne: name !== undefined });
      }),
    );
};
