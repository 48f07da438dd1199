/** What the connected proxies report of every backend and listener, put together. Pure. */
import { HEALTH_STATES, type Health } from '../../../core/model/resources.ts';
import type { Timestamp__Output } from '../../../core/wire/generated/google/protobuf/Timestamp.ts';
import { wordFromWire } from '../../../core/wire/enum-codec.ts';
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import type { ProxyRecord } from '../../fleet/proxy-record.ts';

/** Why one proxy finds a backend in anything but good health. */
export interface Complaint {
  readonly proxy: string;
  readonly health: Health;
  /** In words; may be empty. */
  readonly reason: string;
  /** Null: it did not say. */
  readonly sinceMs: number | null;
}

export interface SeenBackend {
  /** Proxies, by how they find it. */
  readonly health: Readonly<Record<Health, number>>;
  readonly complaints: readonly Complaint[];
  /** Of all proxies. */
  readonly connections: number;
}

export interface SeenListener {
  readonly connections: number;
  /** Where its address can't be bound. */
  readonly failures: readonly { readonly proxy: string; readonly reason: string }[];
}

export interface Observed {
  /** Connected ones. */
  readonly proxies: number;
  /** By POOL/ADDRESS. */
  readonly backends: ReadonlyMap<string, SeenBackend>;
  /** By name. */
  readonly listeners: ReadonlyMap<string, SeenListener>;
}

export const UNSEEN_BACKEND: SeenBackend = {
  health: { healthy: 0, unhealthy: 0, unknown: 0, ejected: 0 },
  complaints: [],
  connections: 0,
};
export const UNSEEN_LISTENER: SeenListener = { connections: 0, failures: [] };

interface Tally {
  readonly health: Record<Health, number>;
  readonly complaints: Complaint[];
  connections: number;
}

export function observed(proxies: readonly ProxyRecord[]): Observed {
  const connected = proxies.filter((proxy) => proxy.connected);
  const backends = new Map<string, Tally>();
  const listeners = new Map<string, SeenListener>();
  for (const proxy of connected) {
    foldBackends(proxy, backends);
    foldListeners(proxy, listeners);
  }
  return { proxies: connected.length, backends, listeners };
}

function foldBackends({ info, backends }: ProxyRecord, tallies: Map<string, Tally>): void {
  for (const [key, report] of backends) {
    let tally = tallies.get(key);
    if (tally === undefined) {
      tally = { health: { ...UNSEEN_BACKEND.health }, complaints: [], connections: 0 };
      tallies.set(key, tally);
    }
    const health = wordFromWire('HEALTH', HEALTH_STATES, report.health, '', []) ?? 'unknown';
    tally.health[health] += 1;
    tally.connections += report.connectionsActive;
    if (health === 'healthy') continue;
    tally.complaints.push({
      proxy: info.id,
      health,
      reason: report.reason,
      sinceMs: timeOf(report.since),
    });
  }
}

function foldListeners({ info, listeners, applied }: ProxyRecord, found: Map<string, SeenListener>): void {
  for (const [name, { connectionsActive }] of listeners) {
    const seen = found.get(name) ?? UNSEEN_LISTENER;
    found.set(name, { ...seen, connections: seen.connections + connectionsActive });
  }
  for (const { listener, reason } of applied?.failedListeners ?? []) {
    const seen = found.get(listener) ?? UNSEEN_LISTENER;
    found.set(listener, { ...seen, failures: [...seen.failures, { proxy: info.id, reason }] });
  }
}

export function timeOf(time: Timestamp__Output | null): number | null {
  return time === null ? null : timestampFromWire(time);
}
