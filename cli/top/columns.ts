/** The columns of each view, how they are sorted, and which of them a narrow screen does without. Pure. */
import type { Tone } from '../output/style.ts';
import { short, shortTime } from '../../core/view/figures.ts';
import { processTexts, type Row, type View } from './rows.ts';

export interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** The key that sorts by it; empty: nothing does. */
  readonly key: string;
  readonly text: (row: Row) => string;
  readonly tone?: (row: Row) => Tone | null;
  /** To sort by: numbers from the highest, texts from the first. */
  readonly value: (row: Row) => number | string;
  /** A screen that is too narrow leaves out the lowest first; left out: it stays. */
  readonly worth?: number;
}

const number = (
  title: string,
  key: string,
  width: number,
  value: (row: Row) => number,
  more: Partial<Column> = {},
): Column => ({ title, key, width, align: 'right', text: (row) => short(value(row)), value, ...more });

const time = (title: string, key: string, value: (row: Row) => number | null, worth: number): Column => ({
  title,
  key,
  width: 6,
  align: 'right',
  text: (row) => shortTime(value(row)),
  value: (row) => value(row) ?? -1,
  worth,
});

const NAME: Column = {
  title: 'NAME',
  key: 'n',
  width: 0,
  align: 'left',
  text: ({ name }) => name,
  value: ({ name }) => name,
};

const TRAFFIC: readonly Column[] = [
  {
    title: 'STATE',
    key: 's',
    width: 9,
    align: 'left',
    text: ({ state }) => state,
    tone: ({ tone }) => tone,
    value: ({ state }) => state,
    worth: 8,
  },
  number('ACTIVE', 'a', 6, ({ active }) => active, { worth: 6 }),
  number('CONN/S', 'c', 6, ({ connections }) => connections),
  number('ERR/S', 'e', 5, ({ errors }) => errors, {
    tone: ({ errors }) => (errors > 0 ? 'bad' : null),
    worth: 7,
  }),
  number('IN/S', 'i', 5, ({ bytesIn }) => bytesIn, { worth: 2 }),
  number('OUT/S', 'o', 5, ({ bytesOut }) => bytesOut, { worth: 4 }),
];

const TIMES: readonly Column[] = [
  time('C-P50', 'm', ({ connect50 }) => connect50, 1),
  time('C-P99', 't', ({ connect99 }) => connect99, 5),
  time('FB-P99', 'f', ({ firstByte99 }) => firstByte99, 3),
];

const PROCESS: readonly Column[] = [
  {
    ...number('CPUS', 'u', 5, ({ process }) => process?.cpus ?? 0),
    text: (row) => processTexts(row)[0],
    worth: 5,
  },
  {
    ...number('MEM', 'k', 5, ({ process }) => process?.bytes ?? 0),
    text: (row) => processTexts(row)[1],
    worth: 3,
  },
  {
    ...number('REV', 'v', 6, ({ process }) => Number(process?.revision ?? 0)),
    text: (row) => processTexts(row)[2],
    worth: 1,
  },
];

export function columnsOf(view: View): readonly Column[] {
  return [NAME, ...TRAFFIC, ...(view === 'proxies' ? PROCESS : TIMES)];
}

export interface Layout {
  readonly columns: readonly Column[];
  readonly nameWidth: number;
  /** 0: there is no room. */
  readonly sparkWidth: number;
}

const NAME_WIDTH = { least: 8, most: 44 } as const;
const SPARK_WIDTH = { least: 8, most: 30 } as const;

/** What fits beside names that are `longest` wide. */
export function layout(view: View, longest: number, width: number): Layout {
  const wanted = Math.max(NAME_WIDTH.least, Math.min(NAME_WIDTH.most, longest));
  let columns = columnsOf(view);
  const taken = () => columns.reduce((sum, column) => sum + column.width + 1, 0);
  while (taken() + wanted + SPARK_WIDTH.least > width) {
    const worths = columns.flatMap(({ worth }) => worth ?? []);
    if (worths.length === 0) break;
    const least = Math.min(...worths);
    columns = columns.filter(({ worth }) => worth !== least);
  }
  const nameWidth = Math.max(NAME_WIDTH.least, Math.min(wanted, width - taken()));
  const left = width - taken() - nameWidth;
  return { columns, nameWidth, sparkWidth: Math.max(0, Math.min(SPARK_WIDTH.most, left)) };
}
