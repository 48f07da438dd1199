/** What `get` shows: items of one kind, each as a row for people and as a value for programs. */
import type { Context } from '../context.ts';
import type { Plain } from '../manifest/print.ts';
import type { Cell } from '../output/table.ts';
import type { Session } from '../session/session.ts';

export interface Item {
  /** What `get KIND NAME` calls it. */
  readonly name: string;
  /** The pool it belongs to, for --pool. */
  readonly pool?: string;
  readonly plain: Plain;
  readonly row: readonly Cell[];
  /** Further cells of -o wide. */
  readonly more: readonly Cell[];
}

export interface Listing {
  readonly header: readonly string[];
  readonly moreHeader: readonly string[];
  readonly items: readonly Item[];
}

export interface ListOptions {
  /** Only this revision, however old. */
  readonly name?: string;
  readonly pool?: string;
  /** At most so many revisions. */
  readonly limit: number;
}

export type Lister = (session: Session, context: Context, options: ListOptions) => Promise<Listing>;
