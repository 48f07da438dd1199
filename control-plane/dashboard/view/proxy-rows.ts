/** Proxies, as the page shows them. Pure. */
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import { appliedRevision, NEVER_SEEN_MS, type ProxyRecord } from '../../fleet/proxy-record.ts';

export type ProxyRow = ReturnType<typeof proxyRow>;

export function proxyRow(proxy: ProxyRecord, newest: number | null) {
  const { info, applied, connected, lastSeenMs } = proxy;
  const runs = appliedRevision(proxy);
  return {
    id: info.id,
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
    connections: [...proxy.listeners.values()].reduce((sum, one) => sum + one.connectionsActive, 0),
    workers: [...proxy.workers.values()]
      .sort((a, b) => a.index - b.index)
      .map(({ index, connectionsActive: connections, connectionsTotal, restarts }) => ({
        index,
        connections,
        total: Number(connectionsTotal),
        restarts,
      })),
    refused: refusalOf(proxy),
    /** What it can't bind, a line each. */
    failures: (applied?.failedListeners ?? []).map(
      ({ listener, address, reason }) => `listener ${listener}, ${address}: ${reason}`,
    ),
    /** It has no control plane to get its configuration from. */
    stale: applied?.stale ?? false,
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
