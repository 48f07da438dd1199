/** What `get` and `describe` show of each kind. */
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type Listing, printItem, printListing } from '../output/listing.ts';
import type { Page } from '../output/page.ts';
import { watchListing } from '../output/watch.ts';
import type { Session } from '../session/session.ts';
import { describeBackend, listBackends } from './backends.ts';
import { type Kind, unknownName } from './kind-names.ts';
import { describeListener, listListeners } from './listeners.ts';
import { describePolicy, listPolicies } from './policies.ts';
import { describePool, listPools } from './pools.ts';
import { describeProxy, listProxies } from './proxies.ts';
import { describeRevision, listRevisions, type RevisionFilter } from './revisions.ts';

interface KindView {
  list(session: Session, context: Context, filter: RevisionFilter): Promise<Listing>;
  describe(session: Session, context: Context, name: string, pool: string | undefined): Promise<Page>;
}

export const KIND_VIEWS: Readonly<Record<Kind, KindView>> = {
  listeners: { list: listListeners, describe: describeListener },
  pools: { list: listPools, describe: describePool },
  policies: { list: listPolicies, describe: describePolicy },
  backends: { list: listBackends, describe: describeBackend },
  proxies: { list: listProxies, describe: describeProxy },
  revisions: { list: listRevisions, describe: describeRevision },
};

/** Shows the listing once, or again and again. `isOne`: it is of one item, which programs get as an object. */
export async function showListing(
  context: Context,
  session: Session,
  kind: string,
  list: () => Promise<Listing>,
  { watch, isOne }: { readonly watch: boolean; readonly isOne: boolean },
): Promise<ExitCode> {
  if (watch) return watchListing(context, session, kind, list);
  (isOne ? printItem : printListing)(context, kind, await list());
  return EXIT.done;
}

/** Only what belongs to the pool; an error when there is no such pool. */
export async function onlyOfPool(
  session: Session,
  listing: Listing,
  pool: string | undefined,
): Promise<Listing> {
  if (pool === undefined) return listing;
  const items = listing.items.filter((item) => item.pool === pool);
  if (items.length === 0) {
    const { pools } = await session.read('pools', 'ListPools', {});
    const names = pools.map(({ name }) => name);
    if (!names.includes(pool)) throw unknownName('pool', pool, names);
  }
  return { ...listing, items, remarks: listing.remarks?.filter((remark) => remark.pool === pool) ?? [] };
}
