/** Frames of one moment, out of the series, the configuration and the roster. Pure. */
import type { State } from '../../core/model/state.ts';
import type { BackendStats__Output } from '../../core/wire/generated/lb/v1/BackendStats.ts';
import type { ListenerStats__Output } from '../../core/wire/generated/lb/v1/ListenerStats.ts';
import type { PoolStats__Output } from '../../core/wire/generated/lb/v1/PoolStats.ts';
import type { ProxyStats__Output } from '../../core/wire/generated/lb/v1/ProxyStats.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { NO_TRAFFIC } from '../../core/wire/no-traffic.ts';
import { appliedRevision, type ProxyRecord } from './proxy-record.ts';
import { BackendSeries, type ListenerSeries, type StatsFold } from './stats-aggregator.ts';
import type { Window } from './rate-series.ts';

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

/** The backends of one pool, or of all, by pool and address. */
interface Ranked {
  readonly all: readonly BackendSeries[];
  /** Where each stands among the busiest, 0 is the first; made when some have to be left out. */
  ranks: Uint32Array | null;
}

/** What frames of one moment are cut from: whatever they have in common is made once, and only if it is wanted. */
export class Frames {
  readonly #sources: FrameSources;
  /** By pool; all of them under null. */
  readonly #backends = new Map<string | null, Ranked>();
  readonly #backendRows = new Map<BackendSeries, BackendStats__Output>();
  #leftovers: BackendSeries[] | null = null;
  #shared: Pick<StatsFrame__Output, 'time' | 'revision' | 'window' | 'total'> | null = null;
  #listeners: ListenerStats__Output[] | null = null;
  #pools: PoolStats__Output[] | null = null;
  #proxies: ProxyStats__Output[] | null = null;

  constructor(sources: FrameSources) {
    this.#sources = sources;
  }

  /** `pool`: all of them when it is left out. */
  frame(pool: string | undefined, maxBackends: number): StatsFrame__Output {
    const sources = this.#sources;
    const ofPool = <Row extends { readonly pool: string }>(rows: Row[]) =>
      pool === undefined ? rows : rows.filter((row) => row.pool === pool);
    const { all, shown } = this.#busiest(pool ?? null, maxBackends);
    this.#shared ??= sharedOf(sources);
    this.#listeners ??= listenerRows(sources);
    this.#pools ??= poolRows(sources);
    this.#proxies ??= sources.proxies.map((proxy) => proxyRow(proxy, sources));
    return {
      ...this.#shared,
      listeners: ofPool(this.#listeners),
      pools: ofPool(this.#pools),
      backends: shown.map((series) => this.#backendRow(series)),
      moreBackends: all.length - shown.length,
      proxies: this.#proxies,
    };
  }

  #busiest(pool: string | null, most: number) {
    const found = this.#backends.get(pool) ?? { all: this.#backendsOf(pool), ranks: null };
    this.#backends.set(pool, found);
    const { all } = found;
    if (all.length <= most) return { all, shown: all };
    if (most === 0) return { all, shown: [] };
    const ranks = (found.ranks ??= ranksOf(all, this.#sources.window));
    return { all, shown: all.filter((_series, index) => ranks[index]! < most) };
  }

  /** What is configured, and what has connections and is not any more. */
  #backendsOf(pool: string | null): BackendSeries[] {
    const { fold, state } = this.#sources;
    this.#leftovers ??= leftovers(this.#sources);
    const found = this.#leftovers.filter((series) => pool === null || series.pool === pool);
    const pools = pool === null ? [...(state?.pools.values() ?? [])] : [state?.pools.get(pool)];
    for (const stored of pools) {
      const name = stored?.value.name ?? '';
      for (const address of stored?.backends.keys() ?? []) {
        found.push(fold.backends.get(`${name}/${address}`) ?? new BackendSeries(name, address));
      }
    }
    return found.sort(byPoolAndAddress);
  }

  #backendRow(series: BackendSeries): BackendStats__Output {
    const row = this.#backendRows.get(series) ?? backendRow(series, this.#sources);
    this.#backendRows.set(series, row);
    return row;
  }
}

function sharedOf({ fold, revision, window, wallMs }: FrameSources) {
  const seconds = Math.floor(wallMs / 1_000);
  return {
    time: { seconds: String(seconds), nanos: Math.round((wallMs - seconds * 1_000) * 1_000_000) },
    revision: String(revision),
    window: { seconds: String(window.seconds), nanos: 0 },
    total: fold.total.traffic(window, fold.grid),
  };
}

function leftovers({ fold, state }: FrameSources): BackendSeries[] {
  return [...fold.backends.values()].filter(
    ({ active, pool, address }) => active > 0 && state?.pools.get(pool)?.backends.has(address) !== true,
  );
}

function ranksOf(all: readonly BackendSeries[], window: Window): Uint32Array {
  const order = all.map((series, index) => ({ series, index, rate: series.connectionsPerSecond(window) }));
  order.sort((a, b) => b.rate - a.rate || b.series.active - a.series.active || a.index - b.index);
  const ranks = new Uint32Array(all.length);
  for (const [rank, { index }] of order.entries()) ranks[index] = rank;
  return ranks;
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

function listenerRows({ fold, state, window }: FrameSources): ListenerStats__Output[] {
  return names(state?.listeners, fold.listeners).map((listener) => {
    const series = fold.listeners.get(listener);
    return {
      listener,
      pool: state?.listeners.get(listener)?.value.pool ?? '',
      traffic: series?.traffic(window, fold.grid) ?? NO_TRAFFIC,
      closedPerSecond: series === undefined ? {} : closedPerSecond(series, fold.reasons, window),
    };
  });
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

function poolRows({ fold, state, window }: FrameSources): PoolStats__Output[] {
  return names(state?.pools, fold.pools).map((name) => {
    const backends = state?.pools.get(name)?.backends;
    let backendsUp = 0;
    for (const [address, { value }] of backends ?? []) {
      const healthy = fold.backends.get(`${name}/${address}`)?.proxies[0] ?? 0;
      if (value.state === 'active' && healthy > 0) backendsUp += 1;
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
