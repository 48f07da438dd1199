/** Tables for people: aligned columns, no borders. */
import { age } from '../../core/view/figures.ts';
import type { Timestamp__Output } from '../../core/wire/generated/google/protobuf/Timestamp.ts';
import type { Context } from '../context.ts';
import { printable } from '../../core/runtime/printable.ts';
import type { Style, Tone } from './style.ts';

/** A cell, and its color on a terminal. `moving`: its text changes by itself, such as an age. */
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
  return style('faint', rowLine(header, widths, style));
}

export function rowLine(row: readonly Cell[], widths: readonly number[], style: Style): string {
  const parts = row.map((cell, column) => {
    const text = printable(textOf(cell)) || '-';
    // Nothing follows the last column, so it needs no padding.
    const width = column === row.length - 1 ? 0 : (widths[column] ?? 0);
    const padding = ' '.repeat(Math.max(0, width - text.length));
    return (typeof cell === 'string' || !cell.tone ? text : style(cell.tone, text)) + padding;
  });
  return parts.join(GAP);
}

/** All of it, the header first. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], style: Style): string[] {
  const widths = columnWidths(header, rows);
  return [headerLine(header, widths, style), ...rows.map((row) => rowLine(row, widths, style))];
}

/** Equal for rows that look the same, apart from cells that change by themselves: of those only the color counts. */
export function sameness(row: readonly Cell[]): string {
  return JSON.stringify(
    row.map((cell) => (typeof cell !== 'string' && cell.moving ? (cell.tone ?? '') : textOf(cell))),
  );
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell : (cell?.text ?? '');
}
