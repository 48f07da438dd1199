/** `lbctl get` and `lbctl health`. */
import type { Context } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { listBackends } from '../kinds/backends.ts';
import { listListeners } from '../kinds/listeners.ts';
import type { Lister, Listing, ListOptions } from '../kinds/listing.ts';
import { KIND_NAMES, type KindName, requireKind, unknownName } from '../kinds/names.ts';
import { named } from '../kinds/one.ts';
import { listPolicies } from '../kinds/policies.ts';
import { listPools } from '../kinds/pools.ts';
import { listProxies } from '../kinds/proxies.ts';
import { listRevisions } from '../kinds/revisions.ts';
import { listSights } from '../kinds/sights.ts';
import { printItem, printListing } from '../output/listing.ts';
import type { Session } from '../session/session.ts';
import { watchListing } from '../output/watch.ts';

const LISTERS: Readonly<Record<KindName, Lister>> = {
  listeners: listListeners,
  pools: listPools,
  policies: listPolicies,
  backends: listBackends,
  proxies: listProxies,
  revisions: listRevisions,
};

export interface GetOptions {
  readonly pool?: string;
  readonly watch?: true;
  readonly limit: number;
}

export async function get(
  context: Context,
  session: Session,
  word: string,
  name: string | undefined,
  options: GetOptions,
): Promise<ExitCode> {
  const kind = requireKind(word, Object.keys(KIND_NAMES) as KindName[]);
  const { pool } = options;
  if (pool !== undefined && !['backends', 'listeners', 'pools'].includes(kind)) {
    throw new CliError(
      EXIT.usage,
      `--pool means nothing for ${kind}; use it for backends, listeners or pools`,
    );
  }
  const listOptions: ListOptions = {
    limit: options.limit,
    ...(name !== undefined && { name }),
    ...(pool !== undefined && { pool }),
  };
  const list = async () => {
    const listing = await ofPool(session, await LISTERS[kind](session, context, listOptions), pool);
    return name === undefined ? listing : { ...listing, items: [named(kind, name, listing.items)] };
  };
  if (options.watch) return watchListing(context, session, KIND_NAMES[kind], list);
  const listing = await list();
  if (name !== undefined && listing.items[0]) printItem(context, KIND_NAMES[kind], listing, listing.items[0]);
  else printListing(context, KIND_NAMES[kind], listing);
  return EXIT.done;
}

export async function health(
  context: Context,
  session: Session,
  pool: string | undefined,
  options: { readonly watch?: true },
): Promise<ExitCode> {
  const list = async () => ofPool(session, await listSights(session, context, { limit: 0 }), pool);
  if (options.watch) return watchListing(context, session, 'health', list);
  printListing(context, 'health', await list());
  return EXIT.done;
}

/** Only what belongs to the pool; an error when there is no such pool. */
async function ofPool(session: Session, listing: Listing, pool: string | undefined): Promise<Listing> {
  if (pool === undefined) return listing;
  const items = listing.items.filter((item) => item.pool === pool);
  if (items.length === 0) {
    const { pools } = await session.read('pools', 'ListPools', {});
    const names = pools.map(({ name }) => name);
    if (!names.includes(pool)) throw unknownName('pool', pool, names);
  }
  return { ...listing, items };
}
