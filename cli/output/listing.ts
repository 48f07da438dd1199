/** What `get` shows: items of one kind, each as a row for people and as a value for programs. */
import type { Plain } from '../../core/view/plain.ts';
import { type Context, tell } from '../context.ts';
import { emitStructured } from './emit.ts';
import { printLines } from './lines.ts';
import { type Cell, table } from './table.ts';

export interface Item {
  /** What `get KIND NAME` calls it. */
  readonly name: string;
  /** The pool it belongs to, for --pool. */
  readonly pool?: string;
  /** Tells those apart that have the same name, where that can be. */
  readonly instance?: string;
  readonly plain: Plain;
  readonly row: readonly Cell[];
}

export interface Listing {
  readonly header: readonly string[];
  readonly items: readonly Item[];
  /** For people, below the table: what the rows together mean for a pool. */
  readonly remarks?: readonly { readonly pool: string; readonly text: string }[];
}

/** A title, and the cell below it for each thing. */
export type Column<T> = readonly [title: string, cell: (thing: T) => Cell];

/** `more` are the columns that only `-o wide` shows. */
export function listing<T>(
  context: Context,
  things: readonly T[],
  itemOf: (thing: T) => Omit<Item, 'row'>,
  columns: readonly Column<T>[],
  more: readonly Column<T>[],
): Listing {
  const shown = context.format === 'wide' ? [...columns, ...more] : columns;
  return {
    header: shown.map(([title]) => title),
    items: things.map((thing) => ({ ...itemOf(thing), row: shown.map(([, cell]) => cell(thing)) })),
  };
}

/** All items: an array for programs. `kind` is in the singular. */
export function printListing(context: Context, kind: string, { header, items, remarks = [] }: Listing): void {
  const plain = items.map((item) => item.plain);
  if (emitStructured(context, plain)) return;
  if (context.format === 'name') {
    printLines(
      context,
      items.map((item) => referenceOf(kind, item)),
    );
  } else if (items.length === 0) {
    tell(context, `nothing to show: there is no ${kind === 'health' ? 'backend' : kind}`);
  } else {
    const rows = items.map(({ row }) => row);
    printLines(context, table(header, rows, context.style));
    for (const { pool, text } of remarks) tell(context, `pool ${pool}: ${text}`);
  }
}

/** The only item of a listing: an object for programs. */
export function printItem(context: Context, kind: string, listing: Listing): void {
  if (!emitStructured(context, listing.items[0]?.plain)) printListing(context, kind, listing);
}

/** `pool/web`, `backend/web/10.0.0.1:80`: unique among all things. */
export function referenceOf(kind: string, item: Item): string {
  return kind === 'backend' ? `${kind}/${item.pool ?? ''}/${item.name}` : `${kind}/${item.name}`;
}
