/** Traffic as a page shows it: past figures as columns for the charts, and the newest frame. Unknown figures are null. Pure. */
import { counted } from '../../../core/view/figures.ts';
import type { ProxyStats__Output } from '../../../core/wire/generated/lb/v1/ProxyStats.ts';
import type { StatsFrame__Output } from '../../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../../core/wire/generated/lb/v1/TrafficStats.ts';
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import type { PastFrame } from '../../fleet/fleet-stats.ts';
import { FAILURE_REASONS } from '../../fleet/stats-aggregator.ts';
import { ofPage, type Problem, problem, problemList } from './problem.ts';
import { subjectOf } from './rows.ts';

/** Fewer than one failure per second is a problem only at this share of all connections. */
const FAILING_SHARE = 0.01;
const CRITICAL_SHARE = 0.5;
const REASONS = 3;

type Figure = (figures: Figures) => number | null | undefined;

/** The columns of the charts. public/lib/model.mjs adds the newest frame to them. */
const COLUMNS = {
  active: ({ traffic }) => traffic?.connectionsActive,
  rate: ({ traffic }) => traffic?.connectionsPerSecond,
  errors: ({ traffic }) => traffic?.errorsPerSecond,
  bytesIn: ({ traffic }) => traffic?.bytesInPerSecond,
  bytesOut: ({ traffic }) => traffic?.bytesOutPerSecond,
  connectP99: ({ traffic }) => traffic?.connect?.p99,
  firstByteP99: ({ traffic }) => traffic?.firstByte?.p99,
  capacity: ({ capacity }) => capacity,
} satisfies Readonly<Record<string, Figure>>;

interface Figures {
  readonly traffic: TrafficStats__Output | null;
  /** The share of the connections that its proxies can have; null: unknown, or not a figure of this page. */
  readonly capacity: number | null;
}

/** Equally long columns, oldest first, of what `page` is about. */
export function trafficHistory(past: readonly PastFrame[], page: string) {
  const { kind, name } = subjectOf(page);
  const addresses = new Set(
    kind === 'pools' ? past.flatMap(({ backends }) => [...(backends.get(name)?.keys() ?? [])]) : [],
  );
  const ofBackend = (address: string) =>
    past.map(({ backends }) => rounded(backends.get(name)?.get(address)));
  return {
    timeMs: past.map(({ frame }) => timeOf(frame)),
    columns: columnsOf(past.map(({ frame }) => figuresOf(frame, page))),
    /** New connections per second of each backend of the pool that the page is about. */
    backends: [...addresses].map((address) => [address, ofBackend(address)] as const),
  };
}

function columnsOf(points: readonly Figures[]) {
  return Object.fromEntries(
    Object.entries<Figure>(COLUMNS).map(([name, read]) => [
      name,
      points.map((point) => rounded(read(point))),
    ]),
  );
}

/** Without a connected proxy nothing is known, and figures that are zero would look as if all were quiet. */
function isKnown({ proxies }: StatsFrame__Output): boolean {
  return proxies.some(({ connected }) => connected);
}

function figuresOf(frame: StatsFrame__Output, page: string): Figures {
  if (!isKnown(frame)) return { traffic: null, capacity: null };
  const { kind, name } = subjectOf(page);
  const { total, pools, listeners, proxies } = frame;
  const connected = proxies.filter((proxy) => proxy.connected);
  if (kind === 'pools') return { traffic: rowOf(pools, ({ pool }) => pool === name), capacity: null };
  if (kind === 'listeners') {
    return { traffic: rowOf(listeners, ({ listener }) => listener === name), capacity: null };
  }
  if (kind !== 'proxies') return { traffic: total, capacity: capacityOf(connected) };
  const own = connected.filter(({ proxyId }) => proxyId === name);
  return { traffic: own[0]?.traffic ?? null, capacity: capacityOf(own) };
}

function rowOf<Row extends { readonly traffic: TrafficStats__Output | null }>(
  rows: readonly Row[],
  isIt: (row: Row) => boolean,
): TrafficStats__Output | null {
  return rows.find(isIt)?.traffic ?? null;
}

function capacityOf(proxies: readonly ProxyStats__Output[]): number | null {
  const limited = proxies.filter(({ maxConnections }) => maxConnections > 0);
  const most = limited.reduce((sum, { maxConnections }) => sum + maxConnections, 0);
  const used = limited.reduce((sum, { traffic }) => sum + (traffic?.connectionsActive ?? 0), 0);
  return most === 0 ? null : used / most;
}

/** A frame as a page gets it: only what it shows. `fleet`: the frame of the whole fleet, for the problems in it. */
export function trafficNow(frame: StatsFrame__Output, page: string, fleet: StatsFrame__Output) {
  const { listeners, pools, backends, proxies } = frame;
  const figures = figuresOf(frame, page);
  const problems = trafficProblems(fleet);
  const rows = isKnown(frame) ? { listeners, pools, backends } : { listeners: [], pools: [], backends: [] };
  return {
    timeMs: timeOf(frame),
    traffic: figures.traffic,
    /** One point of each column of trafficHistory. */
    point: Object.fromEntries(Object.entries(columnsOf([figures])).map(([name, [value]]) => [name, value])),
    ...rows,
    proxies: proxies.filter(({ connected }) => connected),
    problems: problemList(problems),
    pageProblems: problemList(ofPage(problems, page)),
  };
}

export function trafficProblems({ listeners, pools, proxies }: StatsFrame__Output): readonly Problem[] {
  const failing = listeners.flatMap(({ listener, pool, traffic, closedPerSecond }): Problem[] => {
    const errors = traffic?.errorsPerSecond ?? 0;
    const rate = Math.max(traffic?.connectionsPerSecond ?? 0, errors);
    if (errors === 0 || (errors < 1 && errors < rate * FAILING_SHARE)) return [];
    const severity = errors >= rate * CRITICAL_SHARE ? 'critical' : 'warning';
    const what = `${perSecond(errors)} of ${perSecond(rate)} connections a second to listener ${listener} fail`;
    const pages = [`listeners/${listener}`, `pools/${pool}`];
    const cause = 'listeners have connections that fail';
    return [problem(`failing/${listener}`, severity, what, reasonsIn(closedPerSecond), { pages, cause })];
  });
  const full = proxies.flatMap(({ proxyId, saturated, maxConnections }): Problem[] => {
    if (!saturated) return [];
    const what = `Proxy ${proxyId}: connection limit reached; new clients wait`;
    const why = [`It has ${counted(maxConnections, 'connection')}, its limit.`];
    const cause = 'proxies are at their connection limit; new clients wait';
    return [problem(`full/${proxyId}`, 'critical', what, why, { pages: [`proxies/${proxyId}`], cause })];
  });
  const queued = pools.flatMap(({ pool, waiting }): Problem[] => {
    if (waiting === 0) return [];
    const what = `${counted(waiting, 'connection')} to pool ${pool} ${waiting === 1 ? 'waits' : 'wait'}: its backends are full`;
    const why = ['Every backend that could take them has its max_connections.'];
    return [
      problem(`queue/${pool}`, 'warning', what, why, { pages: [`pools/${pool}`], cause: 'pools are full' }),
    ];
  });
  return [...full, ...failing, ...queued];
}

function reasonsIn(closed: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(closed)
    .filter(([reason, rate]) => rate > 0 && FAILURE_REASONS.includes(reason))
    .sort(([, a], [, b]) => b - a)
    .slice(0, REASONS)
    .map(([reason, rate]) => `${reason.replaceAll('_', ' ')}: ${perSecond(rate)} a second`);
}

function perSecond(rate: number): string {
  return rate >= 10 ? String(Math.round(rate)) : String(Math.round(rate * 10) / 10);
}

function timeOf({ time }: StatsFrame__Output): number {
  return time === null ? 0 : Math.floor(timestampFromWire(time));
}

/** A chart shows fewer than three digits after the point; latencies have microseconds. */
function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value * 1_000_000) / 1_000_000;
}
