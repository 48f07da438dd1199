/** Makes stats frames from the series, the configuration and the roster at one moment. Pure. */
import { policyOf, type State } from '../../core/model/state.ts';
import { CLOSE_REASONS } from '../../core/wire/close-reasons.ts';
import type { BackendStats__Output } from '../../core/wire/generated/lb/v1/BackendStats.ts';
import type { ListenerStats__Output } from '../../core/wire/generated/lb/v1/ListenerStats.ts';
import type { PoolStats__Output } from '../../core/wire/generated/lb/v1/PoolStats.ts';
import type { ProxyStats__Output } from '../../core/wire/generated/lb/v1/ProxyStats.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { ZERO_TRAFFIC_STATS } from '../../core/wire/zero-traffic-stats.ts';
import { appliedRevision, type ProxyRecord } from './proxy-record.ts';
import { BackendSeries, type ListenerSeries, type StatsAggregator } from './stats-aggregator.ts';
import type { Window } from './rate-series.ts';

export interface FrameSources {
  readonly aggregator: StatsAggregator;
  /** Includes the backends that registered themselves; null: the store was never read. */
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
  /** The rank of each backend, 0 for the busiest; only made when some must be left out. */
  ranks: Uint32Array | null;
}

/** Makes all frames of one moment. Whatever they have in common is made once. */
export class Frames {
  readonly #sources: FrameSources;
  readonly #shared: Omit<StatsFrame__Output, 'backends' | 'moreBackends'>;
  readonly #removedBackends: readonly BackendSeries[];
  /** By pool; the key null has the backends of all pools. */
  readonly #backends = new Map<string | null, Ranked>();
  readonly #backendRows = new Map<BackendSeries, BackendStats__Output>();

  constructor(sources: FrameSources) {
    const { aggregator, proxies, revision, window, wallMs } = sources;
    const seconds = Math.floor(wallMs / 1_000);
    this.#sources = sources;
    this.#removedBackends = removedBackends(sources);
    this.#shared = {
      time: { seconds: String(seconds), nanos: Math.round((wallMs - seconds * 1_000) * 1_000_000) },
      revision: String(revision),
      window: { seconds: String(window.seconds), nanos: 0 },
      total: aggregator.total.rates(window, aggregator.grid),
      listeners: listenerRows(sources),
      pools: poolRows(sources),
      proxies: distinct(proxies).map((proxy) => proxyRow(proxy, sources)),
    };
  }

  /** A frame of one pool; of all of them if `pool` is undefined. */
  frame(pool: string | undefined, maxBackends: number): StatsFrame__Output {
    const ofPool = <Row extends { readonly pool: string }>(rows: Row[]) =>
      pool === undefined ? rows : rows.filter((row) => row.pool === pool);
    const { all, shown } = this.#busiest(pool ?? null, maxBackends);
    return {
      ...this.#shared,
      listeners: ofPool(this.#shared.listeners),
      pools: ofPool(this.#shared.pools),
      backends: shown.map((series) => this.#backendRow(series)),
      moreBackends: all.length - shown.length,
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

  /** The backends that are configured, and removed ones that still have connections. */
  #backendsOf(pool: string | null): BackendSeries[] {
    const { aggregator, state } = this.#sources;
    const found = this.#removedBackends.filter((series) => pool === null || series.pool === pool);
    const pools = pool === null ? [...(state?.pools.values() ?? [])] : [state?.pools.get(pool)];
    for (const stored of pools) {
      const name = stored?.value.name ?? '';
      for (const address of stored?.backends.keys() ?? []) {
        found.push(aggregator.backends.get(`${name}/${address}`) ?? new BackendSeries(name, address));
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

/** One of each id: processes with the same one have one series. */
function distinct(proxies: readonly ProxyRecord[]): ProxyRecord[] {
  return [...new Map(proxies.map((proxy) => [proxy.info.id, proxy])).values()];
}

/** Backends that are not configured any more but still have connections. */
function removedBackends({ aggregator, state }: FrameSources): BackendSeries[] {
  return [...aggregator.backends.values()].filter(
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

function backendRow(series: BackendSeries, sources: FrameSources): BackendStats__Output {
  const { aggregator, state, window } = sources;
  const [proxiesHealthy = 0, proxiesUnhealthy = 0, proxiesUnknown = 0, proxiesEjected = 0] = series.proxies;
  const { tier = 0, maxConnections = 0 } =
    state?.pools.get(series.pool)?.backends.get(series.address)?.value ?? {};
  return {
    backend: { pool: series.pool, address: series.address },
    traffic: series.rates(window, aggregator.grid),
    proxiesHealthy,
    proxiesUnhealthy,
    proxiesUnknown,
    proxiesEjected,
    tier,
    maxConnections,
  };
}

function listenerRows({ aggregator, state, window }: FrameSources): ListenerStats__Output[] {
  return names(state?.listeners, aggregator.listeners).map((listener) => {
    const series = aggregator.listeners.get(listener);
    return {
      listener,
      pool: state?.listeners.get(listener)?.value.pool ?? '',
      traffic: series?.rates(window, aggregator.grid) ?? ZERO_TRAFFIC_STATS,
      closedPerSecond: series === undefined ? {} : closedPerSecond(series, window),
    };
  });
}

function closedPerSecond({ closed }: ListenerSeries, { from, to, seconds }: Window): Record<string, number> {
  const sums = CLOSE_REASONS.map(() => 0);
  if (!closed.sum(from, to, sums)) return {};
  return Object.fromEntries(
    CLOSE_REASONS.flatMap((reason, index) => (sums[index]! > 0 ? [[reason, sums[index]! / seconds]] : [])),
  );
}

/** Of a pool that no connected proxy says anything about. */
const ORDINARY = { servingTier: 0, waiting: 0 };

/** By pool, over all connected proxies: the last tier that serves, and how many connections wait. */
function statesOfPools(proxies: readonly ProxyRecord[]) {
  const states = new Map<string, typeof ORDINARY>();
  for (const { pools, waiting } of proxies.filter(({ connected }) => connected)) {
    for (const name of new Set([...pools.keys(), ...waiting.keys()])) {
      const before = states.get(name) ?? ORDINARY;
      const servingTier = Math.max(before.servingTier, pools.get(name)?.servingTier ?? 0);
      states.set(name, { servingTier, waiting: before.waiting + (waiting.get(name) ?? 0) });
    }
  }
  return states;
}

function poolRows({ aggregator, state, proxies, window }: FrameSources): PoolStats__Output[] {
  const states = statesOfPools(proxies);
  return names(state?.pools, aggregator.pools).map((name) => {
    const backends = state?.pools.get(name)?.backends;
    const passing = [...(backends?.values() ?? [])].filter(
      ({ value: { address } }) => (aggregator.backends.get(`${name}/${address}`)?.proxies[0] ?? 0) > 0,
    );
    const up = passing.filter(({ value }) => value.state === 'active').length;
    const expectedHealthy = policyOf(state, name)?.expectHealthy ?? 0;
    return {
      pool: name,
      traffic: aggregator.pools.get(name)?.rates(window, aggregator.grid) ?? ZERO_TRAFFIC_STATS,
      backends: backends?.size ?? 0,
      backendsUp: up > 0 && expectedHealthy > 0 ? passing.length : up,
      expectedHealthy,
      ...(states.get(name) ?? ORDINARY),
    };
  });
}

function proxyRow(proxy: ProxyRecord, { aggregator, window }: FrameSources): ProxyStats__Output {
  const series = aggregator.proxies.get(proxy.info.id);
  const cpu = [0];
  series?.cpu.sum(window.from, window.to, cpu);
  return {
    proxyId: proxy.info.id,
    traffic: series?.rates(window, aggregator.grid) ?? ZERO_TRAFFIC_STATS,
    connected: proxy.connected,
    revision: String(Math.max(0, appliedRevision(proxy))),
    cpus: cpu[0]! / window.seconds,
    residentBytes: series?.process?.residentBytes ?? '0',
    saturated: series?.process?.saturated ?? false,
    maxConnections: series?.process?.maxConnections ?? 0,
  };
}

/** The sorted names of everything that is configured, and of removed things that still have connections. */
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
