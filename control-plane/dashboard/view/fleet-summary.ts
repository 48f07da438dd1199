/** What the connected proxies report of every backend and listener, put together. Pure. */
import {
  type BackendSummary,
  BackendTotals,
  certificatesOf,
  type ListenerSummary,
  type ReportedCertificate,
  summarizeListeners,
} from '../../../core/view/reports.ts';
import { type Serving, servingOf } from '../../../core/view/serving.ts';
import type { ProxyRecord } from '../../fleet/proxy-record.ts';

export interface FleetSummary {
  /** Connected ones. */
  readonly proxies: number;
  /** By POOL/ADDRESS. */
  readonly backends: ReadonlyMap<string, BackendSummary>;
  /** By name. */
  readonly listeners: ReadonlyMap<string, ListenerSummary>;
  readonly certificates: readonly ReportedCertificate[];
  /** By pool; only of pools with several tiers, or nothing healthy. */
  readonly serving: ReadonlyMap<string, readonly Serving[]>;
}

export function summarizeFleet(proxies: readonly ProxyRecord[]): FleetSummary {
  const connected = proxies.filter((proxy) => proxy.connected);
  const backends = new Map<string, BackendTotals>();
  for (const { info, backends: reports } of connected) {
    for (const [key, report] of reports) {
      const totals = backends.get(key) ?? new BackendTotals();
      backends.set(key, totals);
      totals.add(info.id, report);
    }
  }
  const listeners = summarizeListeners(
    connected.map(({ info, listeners, applied }) => ({
      proxy: info.id,
      listeners: listeners.values(),
      failed: applied?.failedListeners ?? [],
    })),
  );
  const certificates = connected.flatMap(({ info, applied }) =>
    certificatesOf(info.id, applied?.certificates ?? []),
  );
  const serving = servingOf(
    connected.map(({ info, pools }) => ({ info, connected: true, pools: pools.values() })),
  );
  return { proxies: connected.length, backends, listeners, certificates, serving };
}
