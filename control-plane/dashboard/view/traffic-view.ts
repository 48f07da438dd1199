/** Traffic as the page shows it: past rates as columns for the charts, and the newest frame. Pure. */
import { counted } from '../../../core/view/figures.ts';
import type { StatsFrame__Output } from '../../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../../core/wire/generated/lb/v1/TrafficStats.ts';
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import { FAILURE_REASONS } from '../../fleet/stats-aggregator.ts';
import { ofPoolPage, type Problem, problem, problemList } from './problems.ts';

/** Fewer than one failure per second is a problem only at this share of all connections. */
const FAILING_SHARE = 0.01;
const CRITICAL_SHARE = 0.5;
const REASONS = 3;

/** Equally long columns, oldest first; of everything, when `pool` is empty. */
export function trafficHistory(frames: readonly StatsFrame__Output[], pool: string) {
  const points = frames.map((frame) => ({ timeMs: timeOf(frame), traffic: trafficIn(frame, pool) }));
  const column = (read: (traffic: TrafficStats__Output | null) => number | undefined) =>
    points.map(({ traffic }) => rounded(read(traffic) ?? 0));
  return {
    timeMs: points.map(({ timeMs }) => timeMs),
    active: column((traffic) => traffic?.connectionsActive),
    rate: column((traffic) => traffic?.connectionsPerSecond),
    errors: column((traffic) => traffic?.errorsPerSecond),
    bytesIn: column((traffic) => traffic?.bytesInPerSecond),
    bytesOut: column((traffic) => traffic?.bytesOutPerSecond),
  };
}

function trafficIn(frame: StatsFrame__Output, pool: string): TrafficStats__Output | null {
  return pool === '' ? frame.total : (frame.pools.find((stats) => stats.pool === pool)?.traffic ?? null);
}

/** A frame as the page gets it: only what it shows. `pool`: the pool whose page it is; empty: another page. */
export function trafficNow(frame: StatsFrame__Output, pool: string) {
  const { total, listeners, pools, backends, proxies } = frame;
  const all = trafficProblems(frame);
  const problems = problemList(pool === '' ? all : ofPoolPage(all, pool));
  return { timeMs: timeOf(frame), total, listeners, pools, backends, proxies, problems };
}

export function trafficProblems({ listeners, proxies }: StatsFrame__Output): readonly Problem[] {
  const failing = listeners.flatMap(({ listener, pool, traffic, closedPerSecond }): Problem[] => {
    const errors = traffic?.errorsPerSecond ?? 0;
    const rate = Math.max(traffic?.connectionsPerSecond ?? 0, errors);
    if (errors === 0 || (errors < 1 && errors < rate * FAILING_SHARE)) return [];
    const severity = errors >= rate * CRITICAL_SHARE ? 'critical' : 'warning';
    const what = `${perSecond(errors)} of ${perSecond(rate)} connections a second to listener ${listener} fail`;
    const why = reasonsIn(closedPerSecond);
    return [problem(`failing/${listener}`, severity, what, why, { page: `pools/${pool}` })];
  });
  const full = proxies.flatMap(({ proxyId, saturated, maxConnections }): Problem[] => {
    if (!saturated) return [];
    const what = `Proxy ${proxyId}: connection limit reached; new clients wait`;
    const why = [`It has ${counted(maxConnections, 'connection')}, its limit.`];
    return [problem(`full/${proxyId}`, 'critical', what, why, { page: 'proxies' })];
  });
  return [...full, ...failing];
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

/** A chart shows fewer than three digits after the point. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
