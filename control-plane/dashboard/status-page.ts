/** What the status page shows, as one value. Pure. Long lists are cut: lbctl shows everything. */
import { formatDuration } from '../../core/model/duration.ts';
import { HEALTH_STATES, type Health, type Listener, type Policy } from '../../core/model/resources.ts';
import type { StoredPool } from '../../core/model/state.ts';
import { wordFromWire } from '../../core/wire/enum-codec.ts';
import { appliedRevision, type ProxyRecord } from '../distribution/proxy-record.ts';
import type { Followed, FollowerStatus } from '../store/log-follower.ts';

/** Rows of one table, and pools. */
const MAX_ROWS = 100;
/** Reasons in one cell: a fleet that finds a backend down mostly agrees why. */
const MAX_REASONS = 5;

export interface StatusPage {
  /** Null: the store was not read yet. */
  readonly revision: number | null;
  /** Why the store can't be asked now; empty: it can. */
  readonly storeTrouble: string;
  readonly pools: Rows<PoolStatus>;
  readonly listeners: Rows<ListenerStatus>;
  readonly policies: Rows<PolicyStatus>;
  readonly proxies: Rows<ProxyStatus>;
}

export interface Rows<T> {
  readonly rows: readonly T[];
  /** How many more there are. */
  readonly more: number;
}

export interface PoolStatus {
  readonly name: string;
  readonly policy: string;
  readonly backends: Rows<BackendStatus>;
}

export interface BackendStatus {
  readonly address: string;
  readonly weight: number;
  readonly state: string;
  /** How many connected proxies see it so. */
  readonly health: Readonly<Record<Health, number>>;
  /** `PROXY: in words`, of those that do not find it healthy. */
  readonly reasons: readonly string[];
  readonly connections: number;
}

export interface ListenerStatus {
  readonly name: string;
  readonly address: string;
  readonly pool: string;
  readonly connections: number;
  /** `PROXY: in words`, where its address can't be bound. */
  readonly failures: readonly string[];
}

export interface PolicyStatus {
  readonly name: string;
  readonly strategy: string;
  readonly healthCheck: string;
}

export interface ProxyStatus {
  readonly id: string;
  readonly connected: boolean;
  /** Null while connected: that it is seen all the time is no news. */
  readonly lastSeenMs: number | null;
  readonly version: string;
  readonly engine: string;
  readonly zone: string;
  /** Null: it runs nothing yet. */
  readonly revision: number | null;
  /** Revisions it is behind. */
  readonly lag: number;
  /** What it refused or can't bind, in words. */
  readonly problems: readonly string[];
  readonly connections: number;
}

/** `followed`: null before the store was read for the first time. */
export function statusPage(
  followed: Followed | null,
  status: FollowerStatus,
  proxies: readonly ProxyRecord[],
): StatusPage {
  const connected = proxies.filter((proxy) => proxy.connected);
  const state = followed?.state;
  const revision = followed?.position.revision ?? null;
  return {
    revision,
    storeTrouble: status.ready ? '' : status.reason,
    pools: sorted(state?.pools, (pool) => poolStatus(pool, connected)),
    listeners: sorted(state?.listeners, ({ value }) => listenerStatus(value, connected)),
    policies: sorted(state?.policies, ({ value }) => policyStatus(value)),
    proxies: cut(proxies, (proxy) => proxyStatus(proxy, revision)),
  };
}

function sorted<T, R>(stored: ReadonlyMap<string, T> | undefined, row: (stored: T) => R): Rows<R> {
  const byName = [...(stored ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  return cut(byName, ([, value]) => row(value));
}

function cut<T, R>(all: readonly T[], row: (one: T) => R): Rows<R> {
  return { rows: all.slice(0, MAX_ROWS).map(row), more: Math.max(0, all.length - MAX_ROWS) };
}

function few(reasons: readonly string[]): readonly string[] {
  if (reasons.length <= MAX_REASONS) return reasons;
  return [...reasons.slice(0, MAX_REASONS), `and ${reasons.length - MAX_REASONS} more`];
}

function poolStatus({ value, backends }: StoredPool, connected: readonly ProxyRecord[]): PoolStatus {
  return {
    name: value.name,
    policy: value.policy,
    backends: cut([...backends.values()], ({ value: { pool, address, weight, state } }) => ({
      address,
      weight,
      state,
      ...observed(`${pool}/${address}`, connected),
    })),
  };
}

function observed(
  key: string,
  connected: readonly ProxyRecord[],
): Pick<BackendStatus, 'health' | 'reasons' | 'connections'> {
  const health: Record<Health, number> = { healthy: 0, unhealthy: 0, unknown: 0, ejected: 0 };
  const reasons: string[] = [];
  let connections = 0;
  for (const proxy of connected) {
    const report = proxy.backends.get(key);
    if (report === undefined) continue;
    const seen = wordFromWire('HEALTH', HEALTH_STATES, report.health, '', []) ?? 'unknown';
    health[seen] += 1;
    connections += report.connectionsActive;
    if (seen !== 'healthy' && report.reason !== '') reasons.push(`${proxy.info.id}: ${report.reason}`);
  }
  return { health, reasons: few(reasons), connections };
}

function listenerStatus(
  { name, address, pool }: Listener,
  connected: readonly ProxyRecord[],
): ListenerStatus {
  const failures = connected.flatMap((proxy) =>
    (proxy.applied?.failedListeners ?? [])
      .filter(({ listener }) => listener === name)
      .map(({ reason }) => `${proxy.info.id}: ${reason}`),
  );
  const connections = connected.reduce(
    (sum, proxy) => sum + (proxy.listeners.get(name)?.connectionsActive ?? 0),
    0,
  );
  return { name, address, pool, connections, failures: few(failures) };
}

function policyStatus({ name, strategy, healthCheck }: Policy): PolicyStatus {
  const { type, intervalMs, timeoutMs } = healthCheck;
  const words = `${type} every ${formatDuration(intervalMs)}, timeout ${formatDuration(timeoutMs)}`;
  return { name, strategy, healthCheck: type === 'none' ? 'none' : words };
}

function proxyStatus(proxy: ProxyRecord, newest: number | null): ProxyStatus {
  const { info, applied, connected, lastSeenMs } = proxy;
  const runs = appliedRevision(proxy);
  const failed = (applied?.failedListeners ?? []).map(
    ({ listener, address, reason }) => `listener ${listener}, ${address}: ${reason}`,
  );
  const rejected = applied?.rejected?.position;
  const refused = rejected
    ? [
        `refused revision ${rejected.revision}: ${applied.rejected?.violations[0]?.description ?? 'no reason given'}`,
      ]
    : [];
  return {
    id: info.id,
    connected,
    lastSeenMs: connected ? null : lastSeenMs,
    version: info.version,
    engine: info.engine,
    zone: info.zone,
    revision: runs < 0 ? null : runs,
    lag: Math.max(0, (newest ?? 0) - Math.max(runs, 0)),
    problems: few([...refused, ...failed]),
    connections: [...proxy.listeners.values()].reduce(
      (sum, { connectionsActive }) => sum + connectionsActive,
      0,
    ),
  };
}
