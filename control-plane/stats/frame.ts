/** A frame of everything at one moment, out of the series, the configuration and the roster. Pure. */
import type { State, StoredPool } from '../../core/model/state.ts';
import type { BackendStats__Output } from '../../core/wire/generated/lb/v1/BackendStats.ts';
import type { ListenerStats__Output } from '../../core/wire/generated/lb/v1/ListenerStats.ts';
import type { PoolStats__Output } from '../../core/wire/generated/lb/v1/PoolStats.ts';
import type { ProxyStats__Output } from '../../core/wire/generated/lb/v1/ProxyStats.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { appliedRevision, type ProxyRecord } from '../distribution/proxy-record.ts';
import { BackendSeries, type ListenerSeries, type StatsFold } from './fold.ts';
import { NO_TRAFFIC, type Window } from './series.ts';

export interface FrameSources {
  readonly fold: StatsFold;
  /** With the backends that registered themselves; null: the store was never read. */
  readonly state: State | null;
  readonly proxies: readonly ProxyRecord[];
  readonly revision: number;
  readonly window: Window;
  /** The end of the window. */
  readonly wallMs: number;
}

/** `pool`: all of them when it is left out. */
export function buildFrame(
  sources: FrameSources,
  pool: string | undefined,
  maxBackends: number,
): StatsFrame__Output {
  const { fold, revision, window, wallMs } = sources;
  const seconds = Math.floor(wallMs / 1_000);
  const backends = backendsOf(sources, pool);
  const shown = busiest(backends, maxBackends, window).sort(byPoolAndAddress);
  return {
    time: { seconds: String(seconds), nanos: Math.round((wallMs - seconds * 1_000) * 1_000_000) },
    revision: String(revision),
    window: { seconds: String(window.seconds), nanos: 0 },
    total: fold.total.traffic(window, fold.grid),
    listeners: listenerRows(sources, pool),
    pools: poolRows(sources, pool),
    backends: shown.map((series) => backendRow(series, sources)),
    moreBackends: backends.length - shown.length,
    proxies: sources.proxies.map((proxy) => proxyRow(proxy, sources)),
  };
}

/** What is configured, and what has connections and is not any more. */
function backendsOf({ fold, state }: FrameSources, pool: string | undefined): BackendSeries[] {
  const pools = state?.pools ?? new Map<string, StoredPool>();
  const found: BackendSeries[] = [];
  for (const [name, { backends }] of pools) {
    if (pool !== undefined && pool !== name) continue;
    for (const address of backends.keys()) {
      found.push(fold.backends.get(`${name}/${address}`) ?? new BackendSeries(name, address));
    }
  }
  for (const series of fold.backends.values()) {
    if (series.active === 0 || (pool !== undefined && series.pool !== pool)) continue;
    if (pools.get(series.pool)?.backends.has(series.address) !== true) found.push(series);
  }
  return found;
}

function busiest(backends: readonly BackendSeries[], most: number, window: Window): BackendSeries[] {
  if (backends.length <= most) return [...backends];
  if (most === 0) return [];
  const ranked = backends.map((series) => ({ series, rate: series.connectionsPerSecond(window) }));
  ranked.sort(
    (a, b) => b.rate - a.rate || b.series.active - a.series.active || byPoolAndAddress(a.series, b.series),
  );
  return ranked.slice(0, most).map(({ series }) => series);
}

function byPoolAndAddress(a: BackendSeries, b: BackendSeries): number {
  return compare(a.pool, b.pool) || compare(a.address, b.address);
}

function backendRow(series: BackendSeries, { fold, window }: FrameSources): BackendStats__Output {
  const [proxiesHealthy = 0, proxiesUnhealthy = 0, proxiesUnknown = 0, proxiesEjected = 0] = series.proxies;
  return {
    backend: { pool: series.pool, address: series.address },
    traffic: series.traffic(window, fold.grid),
    proxiesHealthy,
    proxiesUnhealthy,
    proxiesUnknown,
    proxiesEjected,
  };
}

function listenerRows(
  { fold, state, window }: FrameSources,
  pool: string | undefined,
): ListenerStats__Output[] {
  return names(state?.listeners, fold.listeners)
    .map((listener) => {
      const series = fold.listeners.get(listener);
      return {
        listener,
        pool: state?.listeners.get(listener)?.value.pool ?? '',
        traffic: series?.traffic(window, fold.grid) ?? NO_TRAFFIC,
        closedPerSecond: series === undefined ? {} : closedPerSecond(series, fold.reasons, window),
      };
    })
    .filter((row) => pool === undefined || row.pool === pool);
}

function closedPerSecond(
  { closed }: ListenerSeries,
  reasons: readonly string[],
  { from, to, seconds }: Window,
): Record<string, number> {
  const sums = Array.from({ length: reasons.length }, () => 0);
  if (!closed.sum(from, to, sums)) return {};
  return Object.fromEntries(
    reasons.flatMap((reason, index) => (sums[index]! > 0 ? [[reason, sums[index]! / seconds]] : [])),
  );
}

function poolRows({ fold, state, window }: FrameSources, pool: string | undefined): PoolStats__Output[] {
  return names(state?.pools, fold.pools)
    .filter((name) => pool === undefined || pool === name)
    .map((name) => {
      const backends = state?.pools.get(name)?.backends;
      let backendsUp = 0;
      for (const address of backends?.keys() ?? []) {
        if ((fold.backends.get(`${name}/${address}`)?.proxies[0] ?? 0) > 0) backendsUp += 1;
      }
      return {
        pool: name,
        traffic: fold.pools.get(name)?.traffic(window, fold.grid) ?? NO_TRAFFIC,
        backends: backends?.size ?? 0,
        backendsUp,
      };
    });
}

function proxyRow(proxy: ProxyRecord, { fold, window }: FrameSources): ProxyStats__Output {
  const series = fold.proxies.get(proxy.info.id);
  const cpu = [0];
  series?.cpu.sum(window.from, window.to, cpu);
  return {
    proxyId: proxy.info.id,
    traffic: series?.traffic(window, fold.grid) ?? NO_TRAFFIC,
    connected: proxy.connected,
    revision: String(Math.max(0, appliedRevision(proxy))),
    cpus: cpu[0]! / window.seconds,
    residentBytes: series?.process?.residentBytes ?? '0',
    saturated: series?.process?.saturated ?? false,
    maxConnections: series?.process?.maxConnections ?? 0,
  };
}

/** Sorted: of all that is configured, and of what is not any more and has connections. */
function names(
  configured: ReadonlyMap<string, unknown> | undefined,
  series: ReadonlyMap<string, { readonly active: number }>,
): string[] {
  const found = new Set(configured?.keys());
  for (const [name, { active }] of series) if (active > 0) found.add(name);
  return [...found].sort(compare);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
