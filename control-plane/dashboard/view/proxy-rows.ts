/** Proxies, as the page shows them. Pure. */
import { healthFromWire } from '../../../core/view/health.ts';
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import { appliedRevision, NEVER_SEEN_MS, type ProxyRecord } from '../../fleet/proxy-record.ts';
import { cut } from './rows.ts';

const MAX_COMPLAINTS = 500;

export type ProxyRow = ReturnType<typeof proxyRow>;

/** Unlike the id, unique: by mistake, several processes may report under one id. */
export function keyOf({ info }: ProxyRecord): string {
  return `${info.id} ${info.instanceId}`;
}

/** Why it can't run a listener; empty: it can. */
export function failureAt({ applied }: ProxyRecord, name: string): string {
  return applied?.failedListeners.find(({ listener }) => listener === name)?.reason ?? '';
}

export function proxyRow(proxy: ProxyRecord, newest: number | null) {
  const { info, applied, connected, lastSeenMs } = proxy;
  const runs = appliedRevision(proxy);
  return {
    id: info.id,
    key: keyOf(proxy),
    peer: proxy.peer,
    /** Where the other processes with its id report from. */
    sameId: proxy.sameId.map(({ peer }) => peer),
    zone: info.zone,
    connected,
    /** Null: it is connected, or was never seen by this control plane. */
    lastSeenMs: connected || lastSeenMs === NEVER_SEEN_MS ? null : lastSeenMs,
    startedMs: info.startedAt && timestampFromWire(info.startedAt),
    version: info.version,
    engine: info.engine,
    /** Null: it runs nothing yet. */
    revision: runs < 0 ? null : runs,
    /** How many revisions it is behind. */
    lag: Math.max(0, (newest ?? 0) - Math.max(runs, 0)),
    /** Null: it is away, and what it reported last says nothing about now. */
    connections: connected
      ? [...proxy.listeners.values()].reduce((sum, one) => sum + one.connectionsActive, 0)
      : null,
    workers: [...proxy.workers.values()]
      .sort((a, b) => a.index - b.index)
      .map(({ index, connectionsActive: connections, connectionsTotal, restarts }) => ({
        index,
        connections,
        total: Number(connectionsTotal),
        restarts,
      })),
    refused: refusalOf(proxy),
    /** What it can't run: the first listener, and how many more. */
    failures: cut(
      applied?.failedListeners ?? [],
      1,
      ({ listener, address, reason }) => `listener ${listener}, ${address}: ${reason}`,
    ),
    /** It has no control plane to get its configuration from. */
    stale: applied?.stale ?? false,
  };
}

/** What only the page of a proxy shows: what it serves, and the backends that it does not find healthy. */
export function proxyPage(proxy: ProxyRecord, row: ProxyRow) {
  const complaints = Array.from(proxy.backends, ([, report]) => report)
    .map(({ backend, health, reason, since }) => ({
      pool: backend?.pool ?? '',
      address: backend?.address ?? '',
      health: healthFromWire(health),
      reason,
      sinceMs: since && timestampFromWire(since),
    }))
    .filter(({ health }) => health === 'unhealthy' || health === 'ejected');
  return {
    ...row,
    adminAddress: proxy.info.adminAddress,
    listeners: [...proxy.listeners.values()].map(({ listener, connectionsActive, connectionsTotal }) => ({
      name: listener,
      connections: row.connected ? connectionsActive : null,
      total: Number(connectionsTotal),
      failure: failureAt(proxy, listener),
    })),
    backends: proxy.backends.size,
    complaints: cut(complaints, MAX_COMPLAINTS, (one) => one),
  };
}

/** The configuration that it refused, and why; empty: none. */
function refusalOf({ applied }: ProxyRecord): string {
  const rejected = applied?.rejected;
  if (!rejected?.position) return '';
  const [first, ...others] = rejected.violations;
  const why = [first?.field, first?.description].filter((part) => part).join(' ') || 'it gave no reason';
  const more = others.length > 0 ? `, and ${others.length} more` : '';
  return `revision ${rejected.position.revision}: ${why}${more}`;
}
