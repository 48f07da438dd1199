/** The screen as lines: what there is to show, what the person chose to see, and how much room there is. Pure. */
import { short, shortTime } from '../../core/view/figures.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { ZERO_TRAFFIC_STATS } from '../../core/wire/zero-traffic-stats.ts';
import type { Style } from '../output/style.ts';
import { type Column, columnsOf, layout, sparkline } from './columns.ts';
import { type Row, rowsOf, type States, type View, VIEWS } from './rows.ts';
import { fit, textWidth } from './text-width.ts';
import type { ViewState } from './view-state.ts';

export interface Shown {
  /** Null: none has come yet. */
  readonly frame: StatsFrame__Output | null;
  readonly pool: string | undefined;
  readonly states: States;
  readonly samplesOf: (view: View, name: string) => readonly number[];
  /** The control plane that was asked last. */
  readonly server: string;
  /** About the connection; empty: nothing. */
  readonly notice: string;
  readonly clock: string;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const ABOVE = 5;
const BELOW = 2;

/** How many rows of the table fit. */
export function pageOf({ rows }: Size): number {
  return Math.max(1, rows - ABOVE - BELOW);
}

/** The rows that the filter lets through, in their order. */
export function sortedRows(
  { frame, pool, states }: Shown,
  { view, sort, reversed, filter }: ViewState,
): Row[] {
  if (frame === null) return [];
  const column = columnsOf(view).find(({ key }) => key === sort);
  const rows = rowsOf(frame, view, pool, states).filter(
    ({ name, state }) => name.includes(filter) || state.includes(filter),
  );
  const direction = reversed ? -1 : 1;
  return rows.sort((a, b) => direction * compare(column, a, b) || (a.name < b.name ? -1 : 1));
}

function compare(column: Column | undefined, a: Row, b: Row): number {
  // Rows that look the same count as the same: with a tiny difference they would change places all the time.
  if (column === undefined || column.text(a) === column.text(b)) return 0;
  const [left, right] = [column.value(a), column.value(b)];
  if (typeof left === 'number' && typeof right === 'number') return right - left;
  return left < right ? -1 : 1;
}

/** As many lines as the screen has rows, each at most as wide as it. */
export function screenLines(shown: Shown, state: ViewState, size: Size, style: Style): string[] {
  const rows = sortedRows(shown, state);
  const page = pageOf(size);
  const offset = Math.max(0, Math.min(state.offset, rows.length - page));
  const last = Math.min(rows.length, offset + page);
  const range = rows.length > page ? `${offset + 1}-${last} of ${rows.length}` : String(rows.length);
  const lines = [
    ...overview(shown, size.columns, style),
    noticeLine(shown, state, range, size.columns, style),
    ...table(shown, state, rows, rows.slice(offset, last), size.columns, style),
  ];
  while (lines.length < size.rows - BELOW) lines.push('');
  return [
    ...lines.slice(0, Math.max(1, size.rows - BELOW)),
    ...footer(state.view, size.columns, style),
  ].slice(0, size.rows);
}

/** The title, then a line about the fleet and one about the rates of all its traffic. */
function overview({ frame, pool, server, clock }: Shown, width: number, style: Style): string[] {
  const title = `${pool === undefined ? 'lbctl top' : `lbctl top ${pool}`} · ${server}`;
  const left = Math.max(0, width - textWidth(clock) - 1);
  const first = `${style('strong', fit(title, left))} ${clock}`;
  if (frame === null) return [first, fit('waiting for the first figures', width), ''];
  const { proxies, revision, window, total } = frame;
  const sums = total ?? ZERO_TRAFFIC_STATS;
  const connected = proxies.filter((proxy) => proxy.connected).length;
  const fleet = [
    `revision ${revision}`,
    `${connected} of ${proxies.length} proxies connected`,
    `p99 connect ${shortTime(sums.connect?.p99 ?? null)}, first byte ${shortTime(sums.firstByte?.p99 ?? null)}`,
  ];
  const rates = [
    `${short(sums.connectionsActive)} open`,
    `${short(sums.connectionsPerSecond)} conn/s`,
    `${short(sums.errorsPerSecond)} err/s`,
    `in ${short(sums.bytesInPerSecond)}B/s`,
    `out ${short(sums.bytesOutPerSecond)}B/s`,
    `over ${window?.seconds ?? 0}s`,
  ];
  const [fleetLine, rateLine] = [fleet, rates].map((parts) => fit(parts.join(' · '), width)) as [
    string,
    string,
  ];
  const isComplete = connected === proxies.length && connected > 0;
  return [
    first,
    isComplete ? fleetLine : style('doubtful', fleetLine),
    sums.errorsPerSecond > 0 ? style('bad', rateLine) : rateLine,
  ];
}

/** The notice, or else the views, the range of rows that is shown, and the filter. */
function noticeLine(
  { frame, notice }: Shown,
  { view, filter, typing }: ViewState,
  range: string,
  width: number,
  style: Style,
): string {
  if (notice !== '') return style('doubtful', fit(notice, width));
  const more = view === 'backends' && frame ? frame.moreBackends : 0;
  const parts = [
    VIEWS.map((name) => (name === view ? `[${name} ${range}]` : name)).join('  '),
    ...(more > 0 ? [`+${more} quieter ones`] : []),
    ...(typing || filter !== '' ? [`/${filter}${typing ? '▏' : ''}`] : []),
  ];
  return style('faint', fit(parts.join('  '), width));
}

function table(
  shown: Shown,
  state: ViewState,
  rows: readonly Row[],
  visible: readonly Row[],
  width: number,
  style: Style,
): string[] {
  // The longest of all rows, so that scrolling moves no column.
  const longest = rows.reduce((most, { name }) => Math.max(most, textWidth(name)), 0);
  const { columns, nameWidth, sparkWidth } = layout(state.view, longest, width);
  const widthOf = (column: Column) => column.width || nameWidth;
  const mark = state.reversed ? '▴' : '▾';
  const title = (column: Column) => {
    const isSorted = column.key === state.sort;
    if (column.align === 'left') return ` ${fit(column.title + (isSorted ? mark : ''), widthOf(column))}`;
    return (isSorted ? mark : ' ') + fit(column.title, widthOf(column), 'right');
  };
  const header = `${columns.map(title).join('').slice(1)} ${fit('CONN/S', sparkWidth)}`;
  return [
    style('strong', fit(header, width)),
    ...visible.map((row) => {
      const cells = columns.map((column) => {
        const text = fit(column.text(row), widthOf(column), column.align);
        const tone = column.tone?.(row) ?? null;
        return tone === null ? text : style(tone, text);
      });
      const spark = sparkline(shown.samplesOf(state.view, row.name), sparkWidth);
      return `${cells.join(' ')} ${spark.padStart(sparkWidth)}`.trimEnd();
    }),
  ];
}

function footer(view: View, width: number, style: Style): string[] {
  const sorts = columnsOf(view).map(({ key, title }) => `${key}:${title.toLowerCase().replace('/s', '')}`);
  return [
    'b/p/l/x or tab view · / filter · arrows, page keys scroll · r reverse · q quit',
    `sort ${sorts.join(' ')}`,
  ].map((line) => style('faint', fit(line, width)));
}
