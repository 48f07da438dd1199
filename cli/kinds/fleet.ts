/** The backends as configured, joined with what the proxies report of them. */
import type { BackendState, Health } from '../../core/model/resources.ts';
import type { BackendReport__Output } from '../../core/wire/generated/lb/v1/BackendReport.ts';
import type { BackendStatus__Output } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { Pool__Output } from '../../core/wire/generated/lb/v1/Pool.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { backendFromWire } from '../../core/wire/resource-codec.ts';
import type { Session } from '../session/session.ts';
import { healthFromWire } from './health.ts';

/** A backend as one proxy sees it. */
export interface Sight {
  readonly proxyId: string;
  /** What an absent proxy said last counts for nothing. */
  readonly connected: boolean;
  readonly health: Health;
  readonly report: BackendReport__Output;
  /** What the proxy had applied when it said so. */
  readonly revision: string;
}

export interface SeenBackend {
  readonly pool: string;
  readonly address: string;
  readonly weight: number;
  readonly state: BackendState;
  readonly revision: string;
  readonly sights: readonly Sight[];
}

/** The healths that connected proxies see. */
export function healthsOf(backend: SeenBackend): Health[] {
  return backend.sights.filter(({ connected }) => connected).map(({ health }) => health);
}

/** Connections over all connected proxies. */
export function connectionsOf(backend: SeenBackend): number {
  return backend.sights
    .filter(({ connected }) => connected)
    .reduce((sum, { report }) => sum + report.connectionsActive, 0);
}

/** Every backend, in the order of the pools. */
export async function readBackends(session: Session): Promise<SeenBackend[]> {
  const [{ pools }, { statuses }, { proxies }] = await Promise.all([
    session.read('pools', 'ListPools', {}),
    session.read('fleet', 'ListBackendStatus', {}),
    session.read('fleet', 'ListProxies', {}),
  ]);
  return joinBackends(pools, statuses, proxies);
}

export function joinBackends(
  pools: readonly Pool__Output[],
  statuses: readonly BackendStatus__Output[],
  proxies: readonly Proxy__Output[],
): SeenBackend[] {
  const connected = new Set(proxies.filter((proxy) => proxy.connected).map(({ info }) => info?.id));
  const sights = new Map<string, Sight[]>();
  for (const status of statuses) {
    const { report, proxyId, revision } = status;
    if (!report?.backend) continue;
    const key = `${report.backend.pool}/${report.backend.address}`;
    const seen = sights.get(key) ?? [];
    seen.push({
      proxyId,
      connected: connected.has(proxyId),
      health: healthFromWire(report.health),
      report,
      revision,
    });
    sights.set(key, seen);
  }
  return pools.flatMap((pool) =>
    pool.backends.map((wire) => ({
      ...backendFromWire(pool.name, wire, '', []),
      revision: wire.revision,
      sights: sights.get(`${pool.name}/${wire.address}`) ?? [],
    })),
  );
}
