/** The table as text. Pure. */
import type { JudgedRow } from './row.ts';
import type { Spread } from './statistics.ts';

const HEADER = ['what', 'unit', 'ours', 'other', 'ratio (min..max)', 'A/A (min..max)', 'nginx', 'bar', 'met'];

/** Lines of a table whose columns are as wide as they need to be. */
export function tableLines(rows: readonly JudgedRow[]): readonly string[] {
  return align([
    HEADER,
    ...rows.map((row) => [
      row.what,
      row.unit,
      figure(row.figure),
      otherText(row),
      spreadText(row.ratio),
      spreadText(row.itself),
      row.nginxRatio === undefined ? '-' : `${row.nginxRatio.median.toFixed(2)} ×`,
      row.barText,
      row.met,
    ]),
  ]);
}

/** Pads the cells of every column to the widest. */
export function align(cells: readonly (readonly string[])[]): readonly string[] {
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? '').length)),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Three digits that matter. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function otherText({ theirFigure, against }: JudgedRow): string {
  if (theirFigure === undefined) return '-';
  return against === undefined ? figure(theirFigure) : `${figure(theirFigure)} (${against})`;
}

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return '-';
  return `${spread.median.toFixed(2)} (${spread.min.toFixed(2)}..${spread.max.toFixed(2)})`;
}
