/** The columns of each view, how they are sorted, and which of them a narrow screen does without. Pure. */
import { short, shortTime } from '../../core/view/figures.ts';
import type { Tone } from '../output/style.ts';
import type { Row, View } from './rows.ts';

export interface Column {
  readonly title: string;
  /** 0: as wide as the longest name. */
  readonly width: number;
  readonly align: 'left' | 'right';
  /** The key that sorts by it. */
  readonly key: string;
  readonly text: (row: Row) => string;
  readonly tone?: (row: Row) => Tone | null;
  /** To sort by: numbers from the highest, texts from the first. */
  readonly value: (row: Row) => number | string;
  /** A screen that is too narrow drops the lowest first; a column without it stays. */
  readonly priority?: number;
}

type More = Partial<Pick<Column, 'tone' | 'priority' | 'text'>>;

const text = (
  title: string,
  key: string,
  width: number,
  value: (row: Row) => string,
  more: More = {},
): Column => ({
  title,
  key,
  width,
  align: 'left',
  text: value,
  value,
  ...more,
});

const number = (
  title: string,
  key: string,
  width: number,
  value: (row: Row) => number,
  more: More = {},
): Column => ({ title, key, width, align: 'right', text: (row) => short(value(row)), value, ...more });

const time = (
  title: string,
  key: string,
  seconds: (row: Row) => number | undefined,
  priority: number,
): Column =>
  number(title, key, 6, (row) => seconds(row) ?? -1, {
    text: (row) => shortTime(seconds(row) ?? null),
    priority,
  });

const TRAFFIC: readonly Column[] = [
  text('NAME', 'n', 0, ({ name }) => name),
  text('STATE', 's', 12, ({ state }) => state, { tone: ({ tone }) => tone, priority: 8 }),
  number('ACTIVE', 'a', 6, ({ traffic }) => traffic.connectionsActive, { priority: 6 }),
  number('CONN/S', 'c', 6, ({ traffic }) => traffic.connectionsPerSecond),
  number('ERR/S', 'e', 5, ({ traffic }) => traffic.errorsPerSecond, {
    tone: ({ traffic }) => (traffic.errorsPerSecond > 0 ? 'bad' : null),
    priority: 7,
  }),
  number('IN/S', 'i', 5, ({ traffic }) => traffic.bytesInPerSecond, { priority: 2 }),
  number('OUT/S', 'o', 5, ({ traffic }) => traffic.bytesOutPerSecond, { priority: 4 }),
];

const TIMES: readonly Column[] = [
  time('C-P50', 'm', ({ traffic }) => traffic.connect?.p50, 1),
  time('C-P99', 't', ({ traffic }) => traffic.connect?.p99, 5),
  time('FB-P99', 'f', ({ traffic }) => traffic.firstByte?.p99, 3),
];

const PROCESS: readonly Column[] = [
  number('CPUS', 'u', 5, ({ process }) => process?.cpus ?? 0, {
    text: ({ process }) => process?.cpus.toFixed(2) ?? '',
    priority: 5,
  }),
  number('MEM', 'k', 5, ({ process }) => process?.residentBytes ?? 0, { priority: 3 }),
  number('REV', 'v', 6, ({ process }) => Number(process?.revision ?? 0), {
    text: ({ process }) => process?.revision ?? '',
    priority: 1,
  }),
];

export function columnsOf(view: View): readonly Column[] {
  return [...TRAFFIC, ...(view === 'proxies' ? PROCESS : TIMES)];
}

export interface Layout {
  readonly columns: readonly Column[];
  readonly nameWidth: number;
  /** 0: there is no room. */
  readonly sparkWidth: number;
}

const NAME_WIDTH = { least: 8, most: 44 } as const;
const SPARK_WIDTH = { least: 7, most: 30 } as const;

/** What fits beside names that are `longest` wide. */
export function layout(view: View, longest: number, width: number): Layout {
  const bestNameWidth = Math.max(NAME_WIDTH.least, Math.min(NAME_WIDTH.most, longest));
  let columns = columnsOf(view);
  const taken = () => columns.reduce((sum, column) => sum + column.width + 1, 0);
  while (taken() + bestNameWidth + SPARK_WIDTH.least > width) {
    const lowest = Math.min(...columns.map(({ priority = Number.POSITIVE_INFINITY }) => priority));
    if (lowest === Number.POSITIVE_INFINITY) break;
    columns = columns.filter(({ priority }) => priority !== lowest);
  }
  const nameWidth = Math.max(NAME_WIDTH.least, Math.min(bestNameWidth, width - taken()));
  const left = width - taken() - nameWidth;
  return { columns, nameWidth, sparkWidth: Math.max(0, Math.min(SPARK_WIDTH.most, left)) };
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The newest samples, newest at the right, each relative to the highest of them. */
export function sparkline(samples: readonly number[], width: number): string {
  const shown = width > 0 ? samples.slice(-width) : [];
  const highest = Math.max(...shown, 0);
  return shown
    .map((sample) => BARS[highest === 0 ? 0 : Math.min(7, Math.floor((sample / highest) * 7.999))] ?? '')
    .join('');
}
