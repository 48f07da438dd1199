/** What `describe` and `show` print of one thing: facts and tables. */
import type { Plain } from '../../core/view/plain.ts';
import type { Context } from '../context.ts';
import { emitStructured } from './emit.ts';
import type { Style } from './style.ts';
import { type Cell, rowLine, table } from './table.ts';

export interface Page {
  readonly name: string;
  /** For programs: the thing as `get` shows it, and its relations. */
  readonly plain: Plain;
  readonly facts: readonly Fact[];
  readonly tables: readonly PageTable[];
  /** Follows the tables. */
  readonly text?: string;
}

export type Fact = readonly [label: string, value: Cell];

export interface PageTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Printed instead when there are no rows. */
  readonly none: string;
}

export function printPage(context: Context, kind: string, page: Page): void {
  if (emitStructured(context, page.plain)) return;
  const isName = context.format === 'name';
  context.stdout.write(isName ? `${kind}/${page.name}\n` : pageText(page, context.style));
}

function pageText({ facts, tables, text }: Page, style: Style): string {
  const widths = [Math.max(...facts.map(([label]) => label.length))];
  const lines = facts.map((fact) => `${rowLine(fact, widths, style)}\n`);
  const blocks = tables.map(({ title, header, rows, none }) => {
    const body = rows.length === 0 ? `${none}\n` : table(header, rows, style);
    return `\n${style('strong', title)}\n${body.replace(/^/gm, '  ').replace(/ {2}$/, '')}`;
  });
  return [...lines, ...blocks, ...(text === undefined ? [] : ['\n', text])].join('');
}
