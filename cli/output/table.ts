/** Tables for people: aligned columns, no borders. */
import { age } from '../../core/view/figures.ts';
import type { Timestamp__Output } from '../../core/wire/generated/google/protobuf/Timestamp.ts';
import type { Context } from '../context.ts';
import { printable } from './printable.ts';
import type { Style, Tone } from './style.ts';

/** A cell, and how it should look where colours are shown. */
export type Cell = string | { readonly text: string; readonly tone?: Tone; readonly moving?: true };

const GAP = '  ';

/** How long ago something was. */
export function ageCell(time: Timestamp__Output | null, { clock }: Context): Cell {
  return { text: age(time, clock.wallMs()), moving: true };
}

/** The widest text of each column, the header included. */
export function columnWidths(header: readonly string[], rows: readonly (readonly Cell[])[]): number[] {
  return header.map((title, column) =>
    rows.reduce((widest, row) => Math.max(widest, printable(textOf(row[column])).length), title.length),
  );
}

export function headerLine(header: readonly string[], widths: readonly number[], style: Style): string {
  return style(
    'faint',
    line(header, widths, (_tone, text) => text),
  );
}

export function rowLine(row: readonly Cell[], widths: readonly number[], style: Style): string {
  return line(row, widths, style);
}

/** All of it, the header first. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], style: Style): string {
  const widths = columnWidths(header, rows);
  return [headerLine(header, widths, style), ...rows.map((row) => rowLine(row, widths, style))]
    .map((text) => `${text}\n`)
    .join('');
}

function line(cells: readonly Cell[], widths: readonly number[], style: Style): string {
  const parts = cells.map((cell, column) => {
    const text = printable(textOf(cell)) || '-';
    // Nothing follows the last column, so nothing has to be aligned behind it.
    const padding =
      column === cells.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[column] ?? 0) - text.length));
    return (typeof cell === 'string' || !cell.tone ? text : style(cell.tone, text)) + padding;
  });
  return parts.join(GAP);
}

/** What makes two rows the same to a person who watches: ages move by themselves, and count only by their tone. */
export function sameness(row: readonly Cell[]): string {
  return JSON.stringify(
    row.map((cell) => (typeof cell !== 'string' && cell.moving ? (cell.tone ?? '') : textOf(cell))),
  );
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell : (cell?.text ?? '');
}
