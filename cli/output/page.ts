/** What `describe` and `show` print of one thing: facts and tables. */
import type { Plain } from '../../core/view/plain.ts';
import type { Context } from '../context.ts';
import { emitStructured } from './emit.ts';
import { printLines } from './lines.ts';
import type { Style } from './style.ts';
import { type Cell, rowLine, table } from './table.ts';

export interface Page {
  readonly name: string;
  /** For programs: the thing as `get` shows it, and its relations. */
  readonly plain: Plain;
  readonly facts: readonly Fact[];
  readonly tables: readonly PageTable[];
  /** They follow the tables. */
  readonly lines?: readonly string[];
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
  printLines(context, isName ? [`${kind}/${page.name}`] : pageLines(page, context.style));
}

function pageLines({ facts, tables, lines = [] }: Page, style: Style): string[] {
  const widths = [Math.max(...facts.map(([label]) => label.length))];
  const blocks = tables.flatMap(({ title, header, rows, none }) => {
    const body = rows.length === 0 ? [none] : table(header, rows, style);
    return ['', style('strong', title), ...body.map((line) => `  ${line}`)];
  });
  return [
    ...facts.map((fact) => rowLine(fact, widths, style)),
    ...blocks,
    ...(lines.length > 0 ? ['', ...lines] : []),
  ];
}
