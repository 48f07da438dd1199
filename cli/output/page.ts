/** A page of facts and tables, as text. */
import type { Page } from '../kinds/page.ts';
import type { Style } from './style.ts';
import { rowLine, table } from './table.ts';

export function pageText({ facts, tables }: Page, style: Style): string {
  const widths = [Math.max(...facts.map(([label]) => label.length))];
  const lines = facts.map(([label, value]) => `${rowLine([label, value], widths, style)}\n`);
  const blocks = tables.map(({ title, header, rows, none }) => {
    const body = rows.length === 0 ? `${none}\n` : table(header, rows, style);
    return `\n${style('strong', title)}\n${body.replace(/^/gm, '  ').replace(/ {2}$/, '')}`;
  });
  return [...lines, ...blocks].join('');
}
