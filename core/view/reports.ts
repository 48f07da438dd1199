/** What the proxies report of each backend and listener, put together. Pure. */
import type { Health } from '../model/resources.ts';
import type { BackendReport__Output } from '../wire/generated/lb/v1/BackendReport.ts';
import { DRY_RUN, REFUSALS } from '../wire/close-reasons.ts';
import type { CertificateStatus__Output } from '../wire/generated/lb/v1/CertificateStatus.ts';
import type { FailedListener__Output } from '../wire/generated/lb/v1/FailedListener.ts';
import type { ListenerReport__Output } from '../wire/generated/lb/v1/ListenerReport.ts';
import { timestampFromWire } from '../wire/timestamp-codec.ts';
import { type HealthCounts, healthFromWire, NO_HEALTH } from './health.ts';

/** Why one proxy does not see a backend as healthy. */
export interface Complaint {
  readonly proxy: string;
  readonly health: Health;
  /** In words; may be empty. */
  readonly reason: string;
  /** Null: the proxy did not say. */
  readonly sinceMs: number | null;
}

export interface BackendSummary {
  readonly health: HealthCounts;
  readonly complaints: readonly Complaint[];
  /** Over all proxies. */
  readonly connections: number;
}

export const UNREPORTED: BackendSummary = { health: NO_HEALTH, complaints: [], connections: 0 };

export class BackendTotals implements BackendSummary {
  readonly health = { ...NO_HEALTH };
  readonly complaints: Complaint[] = [];
  connections = 0;

  /** Adds the report of one more proxy, which must be connected: the last report of an absent one does not count. */
  add(proxy: string, { health: wire, reason, since, connectionsActive }: BackendReport__Output): void {
    const health = healthFromWire(wire);
    this.health[health] += 1;
    this.connections += connectionsActive;
    if (health === 'healthy') return;
    const sinceMs = since === null ? null : timestampFromWire(since);
    this.complaints.push({ proxy, health, reason, sinceMs });
  }
}

export interface ListenerSummary {
  readonly connections: number;
  /** The proxies that can't run it, and why. */
  readonly failures: readonly { readonly proxy: string; readonly reason: string }[];
}

export const UNREPORTED_LISTENER: ListenerSummary = { connections: 0, failures: [] };

/** How many connections of a listener one proxy refused, by reason; reasons that did not occur are left out. */
export function refusalsOf({
  closedTotal,
  wouldBeLimitedTotal,
}: Pick<ListenerReport__Output, 'closedTotal' | 'wouldBeLimitedTotal'>): Readonly<Record<string, number>> {
  const counts = [
    ...REFUSALS.map((reason) => [reason, Number(closedTotal[reason] ?? 0)] as const),
    [DRY_RUN, Number(wouldBeLimitedTotal)] as const,
  ];
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** What one proxy reports of its listeners. */
export interface ListenersOfProxy {
  readonly proxy: string;
  readonly listeners: Iterable<{ readonly listener: string; readonly connectionsActive: number }>;
  readonly failed: readonly FailedListener__Output[];
}

/** A certificate as one proxy has it. */
export interface ReportedCertificate {
  readonly proxy: string;
  readonly name: string;
  /** Null: it has none. */
  readonly expiresAtMs: number | null;
  /** Why its file can't be used now; empty: it can. */
  readonly problem: string;
}

export function certificatesOf(
  proxy: string,
  certificates: readonly CertificateStatus__Output[],
): readonly ReportedCertificate[] {
  return certificates.map(({ name, expiresAt, problem }) => {
    return { proxy, name, expiresAtMs: expiresAt && timestampFromWire(expiresAt), problem };
  });
}

/** By the listener's name. */
export function summarizeListeners(
  proxies: readonly ListenersOfProxy[],
): ReadonlyMap<string, ListenerSummary> {
  const found = new Map<string, ListenerSummary>();
  for (const { proxy, listeners, failed } of proxies) {
    for (const { listener, connectionsActive } of listeners) {
      const sum = found.get(listener) ?? UNREPORTED_LISTENER;
      found.set(listener, { ...sum, connections: sum.connections + connectionsActive });
    }
    for (const { listener, reason } of failed) {
      const sum = found.get(listener) ?? UNREPORTED_LISTENER;
      found.set(listener, { ...sum, failures: [...sum.failures, { proxy, reason }] });
    }
  }
  return found;
}
