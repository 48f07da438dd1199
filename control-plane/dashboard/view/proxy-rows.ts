/** Proxies, as the page shows them. Pure. */
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import { appliedRevision, NEVER_SEEN_MS, type ProxyRecord } from '../../fleet/proxy-record.ts';

export interface ProxyRow {
  readonly id: string;
  readonly zone: string;
  readonly connected: boolean;
  /** Null: it is connected, or was never seen by this control plane. */
  readonly lastSeenMs: number | null;
  readonly startedMs: number | null;
  readonly version: string;
  readonly engine: string;
  readonly adminAddress: string;
  /** Null: it runs nothing yet. */
  readonly revision: number | null;
  /** Revisions it is behind. */
  readonly lag: number;
  readonly connections: number;
  readonly workers: readonly WorkerRow[];
  /** What it refused, in words; empty: nothing. */
  readonly refused: string;
  /** What it can't bind, a line each. */
  readonly failures: readonly string[];
  /** It has no control plane to take its configuration from. */
  readonly stale: boolean;
}

export interface WorkerRow {
  readonly index: number;
  readonly connections: number;
  readonly total: number;
  readonly restarts: number;
}

export function proxyRow(proxy: ProxyRecord, newest: number | null): ProxyRow {
  const { info, applied, connected, lastSeenMs } = proxy;
  const runs = appliedRevision(proxy);
  return {
    id: info.id,
    zone: info.zone,
    connected,
    lastSeenMs: connected || lastSeenMs === NEVER_SEEN_MS ? null : lastSeenMs,
    startedMs: info.startedAt && timestampFromWire(info.startedAt),
    version: info.version,
    engine: info.engine,
    adminAddress: info.adminAddress,
    revision: runs < 0 ? null : runs,
    lag: Math.max(0, (newest ?? 0) - Math.max(runs, 0)),
    connections: [...proxy.listeners.values()].reduce((sum, one) => sum + one.connectionsActive, 0),
    workers: [...proxy.workers.values()]
      .sort((a, b) => a.index - b.index)
      .map(({ index, connectionsActive, connectionsTotal, restarts }) => ({
        index,
        connections: connectionsActive,
        total: Number(connectionsTotal),
        restarts,
      })),
    refused: refusalOf(proxy),
    failures: (applied?.failedListeners ?? []).map(
      ({ listener, address, reason }) => `listener ${listener}, ${address}: ${reason}`,
    ),
    stale: applied?.stale ?? false,
  };
}

function refusalOf({ applied }: ProxyRecord): string {
  const rejected = applied?.rejected;
  if (!rejected?.position) return '';
  const [first, ...others] = rejected.violations;
  const why = [first?.field, first?.description].filter((part) => part).join(' ') || 'it gave no reason';
  const more = others.length > 0 ? `, and ${others.length} more` : '';
  return `revision ${rejected.position.revision}: ${why}${more}`;
}
