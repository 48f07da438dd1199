/** Figures for a pipe: a table an interval, or one value for a program. */
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import { NO_TRAFFIC } from '../../core/wire/no-traffic.ts';
import type { Context, Format } from '../context.ts';
import { yamlText } from '../output/emit.ts';
import { isoTime } from '../../core/view/figures.ts';
import { table } from '../output/table.ts';
import { columnsOf } from './columns.ts';
import { short } from '../../core/view/figures.ts';
import { rowsOf, type States } from './rows.ts';

/** One frame as it is printed, its line ends included. */
export function frameText(
  { style }: Pick<Context, 'style'>,
  format: Format,
  frame: StatsFrame__Output,
  states: States,
): string {
  if (format === 'json') return `${JSON.stringify(plainFrame(frame, states))}\n`;
  if (format === 'yaml') return `---\n${yamlText(plainFrame(frame, states))}`;
  const columns = columnsOf('backends');
  const rows = rowsOf(frame, 'backends', undefined, states);
  const body = table(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map((column) => column.text(row))),
    style,
  );
  return `${headLine(frame)}\n${body}\n`;
}

function headLine(frame: StatsFrame__Output): string {
  const total = frame.total ?? NO_TRAFFIC;
  const here = frame.proxies.filter(({ connected }) => connected).length;
  return [
    isoTime(frame.time) ?? '',
    `revision ${frame.revision}`,
    `proxies ${here}/${frame.proxies.length}`,
    `open ${total.connectionsActive}`,
    `conn/s ${short(total.connectionsPerSecond)}`,
    `err/s ${short(total.errorsPerSecond)}`,
    `in/s ${short(total.bytesInPerSecond)}`,
    `out/s ${short(total.bytesOutPerSecond)}`,
    ...(frame.moreBackends > 0 ? [`${frame.moreBackends} backends more`] : []),
  ].join('  ');
}

/** Numbers as numbers; times in seconds; null where nothing was observed. */
function plainFrame(frame: StatsFrame__Output, states: States): object {
  return {
    time: isoTime(frame.time),
    revision: frame.revision,
    windowSeconds: Number(frame.window?.seconds ?? 0),
    total: plainTraffic(frame.total),
    listeners: frame.listeners.map(({ listener, pool, traffic, closedPerSecond }) => ({
      listener,
      pool,
      ...plainTraffic(traffic),
      closedPerSecond,
    })),
    pools: frame.pools.map(({ pool, backends, backendsUp, traffic }) => ({
      pool,
      backends,
      backendsUp,
      ...plainTraffic(traffic),
    })),
    backends: frame.backends.map(({ backend, traffic, ...proxies }) => ({
      pool: backend?.pool,
      address: backend?.address,
      state: states.get(`${backend?.pool}/${backend?.address}`) ?? 'active',
      ...proxies,
      ...plainTraffic(traffic),
    })),
    moreBackends: frame.moreBackends,
    proxies: frame.proxies.map(({ proxyId, traffic, residentBytes, ...proxy }) => ({
      proxy: proxyId,
      ...proxy,
      residentBytes: Number(residentBytes),
      ...plainTraffic(traffic),
    })),
  };
}

function plainTraffic(traffic: TrafficStats__Output | null): object {
  return { ...(traffic ?? NO_TRAFFIC) };
}
