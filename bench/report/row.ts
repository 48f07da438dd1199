/** A row of the table: what was measured, in pairs, and what came out. Pure. */
import { barText, verdictOf, type Bar, type Verdict } from './bars.ts';
import { median, pairedRatios, spreadOf, type Spread } from './statistics.ts';

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: readonly number[];
  /** What it is compared with, pair by pair; empty: with nothing. */
  readonly theirs: readonly number[];
  /** Who that is; HAProxy when left out. */
  readonly against?: string;
  /** The same thing as `theirs`, measured once more in each pair. */
  readonly again?: readonly number[];
  readonly nginx?: readonly number[];
  readonly bar: Bar;
}

export interface JudgedRow extends Row {
  readonly figure: number;
  readonly theirFigure?: number | undefined;
  readonly ratio?: Spread | undefined;
  readonly itself?: Spread | undefined;
  readonly nginxRatio?: Spread | undefined;
  readonly barText: string;
  readonly met: Verdict;
}

export function judge(row: Row): JudgedRow {
  const { ours, theirs, again, nginx } = row;
  const compared = {
    ours,
    theirs,
    ratio: ratioOf(ours, theirs),
    itself: ratioOf(again, theirs),
    nginxRatio: ratioOf(nginx, theirs),
  };
  return {
    ...row,
    ...compared,
    figure: median(ours),
    theirFigure: theirs.length === 0 ? undefined : median(theirs),
    barText: barText(row.bar, row.unit),
    met: verdictOf(row.bar, compared),
  };
}

function ratioOf(values: readonly number[] | undefined, theirs: readonly number[]): Spread | undefined {
  const ratios = pairedRatios(values ?? [], theirs);
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}
