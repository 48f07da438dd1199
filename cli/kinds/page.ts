/** What `describe` shows of one thing. */
import type { Context } from '../context.ts';
import type { Plain } from '../manifest/print.ts';
import type { Cell } from '../output/table.ts';
import type { Session } from '../session/session.ts';

export interface Page {
  readonly name: string;
  /** For programs: the thing as `get` shows it, and its relations. */
  readonly plain: Plain;
  readonly facts: readonly (readonly [label: string, value: Cell])[];
  readonly tables: readonly {
    readonly title: string;
    readonly header: readonly string[];
    readonly rows: readonly (readonly Cell[])[];
    /** Said where there are no rows. */
    readonly none: string;
  }[];
}

export type Describer = (
  session: Session,
  context: Context,
  name: string,
  pool: string | undefined,
) => Promise<Page>;
