/** Lists on stdout, in the format that was asked for. */
import { type Context, tell } from '../context.ts';
import type { Item, Listing } from '../kinds/listing.ts';
import { emitStructured } from './emit.ts';
import { type Cell, table } from './table.ts';

/** All items: an array for programs. `kind` in the singular. */
export function printListing(context: Context, kind: string, listing: Listing): void {
  if (
    emitStructured(
      context,
      listing.items.map(({ plain }) => plain),
    )
  )
    return;
  if (context.format === 'name') {
    for (const item of listing.items) context.stdout.write(`${referenceOf(kind, item)}\n`);
    return;
  }
  if (listing.items.length === 0) return tell(context, `nothing to show: there is no ${nounOf(kind)}`);
  const rows = listing.items.map((item) => rowOf(context, item));
  context.stdout.write(table(headerOf(context, listing), rows, context.style));
}

/** One item: an object for programs. */
export function printItem(context: Context, kind: string, listing: Listing, item: Item): void {
  if (!emitStructured(context, item.plain)) printListing(context, kind, { ...listing, items: [item] });
}

export function headerOf(context: Context, listing: Listing): readonly string[] {
  return context.format === 'wide' ? [...listing.header, ...listing.moreHeader] : listing.header;
}

export function rowOf(context: Context, item: Item): readonly Cell[] {
  return context.format === 'wide' ? [...item.row, ...item.more] : item.row;
}

/** `pool/web`, `backend/web/10.0.0.1:80`: unique among all things. */
export function referenceOf(kind: string, item: Item): string {
  return kind === 'backend' ? `${kind}/${item.pool ?? ''}/${item.name}` : `${kind}/${item.name}`;
}

function nounOf(kind: string): string {
  return kind === 'health' ? 'backend' : kind;
}
