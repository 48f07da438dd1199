/** Frames of figures, made by hand. */
import type { BackendStats__Output } from '../../core/wire/generated/lb/v1/BackendStats.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import { ZERO_TRAFFIC_STATS } from '../../core/wire/zero-traffic-stats.ts';

export function traffic(fields: Partial<TrafficStats__Output> = {}): TrafficStats__Output {
  return { ...ZERO_TRAFFIC_STATS, ...fields };
}

export function backendStats(
  address: string,
  fields: Partial<TrafficStats__Output> = {},
  more: Partial<BackendStats__Output> = {},
): BackendStats__Output {
  return {
    backend: { pool: 'web', address },
    traffic: traffic(fields),
    proxiesHealthy: 2,
    proxiesUnhealthy: 0,
    proxiesUnknown: 0,
    proxiesEjected: 0,
    tier: 0,
    maxConnections: 0,
    ...more,
  };
}

/** Of the pool `web` behind the listener `front`, on two proxies. */
export function statsFrame(fields: Partial<StatsFrame__Output> = {}): StatsFrame__Output {
  const p99 = { p50: 0.0004, p90: 0.002, p99: 0.0042 };
  const total = traffic({
    connectionsActive: 42,
    connectionsPerSecond: 120.4,
    bytesInPerSecond: 1_234_000,
    bytesOutPerSecond: 56_700_000,
    connect: p99,
    firstByte: { p50: 0.01, p90: 0.1, p99: 0.21 },
  });
  const proxy = { connected: true, revision: '7', saturated: false, maxConnections: 1_000 };
  return {
    time: { seconds: '1700000000', nanos: 0 },
    revision: '7',
    window: { seconds: '10', nanos: 0 },
    total,
    listeners: [{ listener: 'front', pool: 'web', traffic: total, closedPerSecond: { completed: 120 } }],
    pools: [
      {
        pool: 'web',
        traffic: total,
        backends: 3,
        backendsUp: 2,
        expectedHealthy: 0,
        servingTier: 0,
        waiting: 0,
      },
    ],
    backends: [
      backendStats('10.0.0.1:8080', { connectionsActive: 30, connectionsPerSecond: 80, connect: p99 }),
      backendStats('10.0.0.2:8080', {
        connectionsActive: 12,
        connectionsPerSecond: 40.4,
        errorsPerSecond: 1.5,
      }),
      backendStats('10.0.0.3:8080', {}, { proxiesHealthy: 0, proxiesUnhealthy: 2 }),
    ],
    moreBackends: 0,
    proxies: [
      { proxyId: 'east', traffic: total, cpus: 1.25, residentBytes: '123000000', ...proxy },
      { proxyId: 'west', traffic: traffic(), cpus: 0, residentBytes: '0', ...proxy, connected: false },
    ],
    ...fields,
  };
}
