/** What the proxies report of each backend and listener, put together. Pure. */
import type { Health } from '../model/resources.ts';
import type { BackendReport__Output } from '../wire/generated/lb/v1/BackendReport.ts';
import type { FailedListener__Output } from '../wire/generated/lb/v1/FailedListener.ts';
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

/** What one proxy reports of its listeners. */
export interface ListenersOfProxy {
  readonly proxy: string;
  readonly listeners: Iterable<{ readonly listener: string; readonly connectionsActive: number }>;
  readonly failed: readonly FailedListener__Output[];
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
