/** The figures of one interval, printed: a table, or one value for a program. */
import { isoTime, isoTimeOf, short } from '../../core/view/figures.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { ZERO_TRAFFIC_STATS } from '../../core/wire/zero-traffic-stats.ts';
import type { Context } from '../context.ts';
import { emitOneOfMany } from '../output/emit.ts';
import { printLines } from '../output/lines.ts';
import { table } from '../output/table.ts';
import { columnsOf } from './columns.ts';
import { type OutOfService, rowsOf, type States } from './rows.ts';

/** Resolves when it has been read: what nobody reads does not pile up. */
export function printFrame(context: Context, frame: StatsFrame__Output, states: States): Promise<void> {
  if (!emitOneOfMany(context, plainFrame(frame, states)))
    printLines(context, frameLines(context, frame, states));
  return context.stdout.drained();
}

function frameLines({ style }: Context, frame: StatsFrame__Output, states: States): string[] {
  const columns = columnsOf('backends');
  const rows = rowsOf(frame, 'backends', undefined, states);
  const body = table(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map((column) => column.text(row))),
    style,
  );
  return [headLine(frame), ...body, ''];
}

function headLine(frame: StatsFrame__Output): string {
  const total = frame.total ?? ZERO_TRAFFIC_STATS;
  const connected = frame.proxies.filter((proxy) => proxy.connected).length;
  return [
    isoTime(frame.time) ?? '',
    `revision ${frame.revision}`,
    `proxies ${connected}/${frame.proxies.length}`,
    `open ${total.connectionsActive}`,
    `conn/s ${short(total.connectionsPerSecond)}`,
    `err/s ${short(total.errorsPerSecond)}`,
    `in/s ${short(total.bytesInPerSecond)}`,
    `out/s ${short(total.bytesOutPerSecond)}`,
    ...(frame.moreBackends > 0 ? [`${frame.moreBackends} backends more`] : []),
  ].join('  ');
}

function stateOf(state: OutOfService | undefined): object {
  return { state: state?.state ?? 'active', stateSince: isoTimeOf(state?.sinceMs ?? null) };
}

/** Numbers as numbers; times in seconds; null where nothing was observed. */
function plainFrame(frame: StatsFrame__Output, states: States): object {
  return {
    time: isoTime(frame.time),
    revision: frame.revision,
    windowSeconds: Number(frame.window?.seconds ?? 0),
    total: { ...(frame.total ?? ZERO_TRAFFIC_STATS) },
    listeners: frame.listeners.map(({ listener, pool, traffic, closedPerSecond }) => ({
      listener,
      pool,
      ...(traffic ?? ZERO_TRAFFIC_STATS),
      closedPerSecond,
    })),
    pools: frame.pools.map(({ traffic, ...pool }) => ({
      ...pool,
      ...(traffic ?? ZERO_TRAFFIC_STATS),
    })),
    backends: frame.backends.map(({ backend, traffic, ...proxies }) => ({
      pool: backend?.pool,
      address: backend?.address,
      ...stateOf(states.get(`${backend?.pool}/${backend?.address}`)),
      ...proxies,
      ...(traffic ?? ZERO_TRAFFIC_STATS),
    })),
    moreBackends: frame.moreBackends,
    proxies: frame.proxies.map(({ proxyId, traffic, residentBytes, ...proxy }) => ({
      proxy: proxyId,
      ...proxy,
      residentBytes: Number(residentBytes),
      ...(traffic ?? ZERO_TRAFFIC_STATS),
    })),
  };
}
