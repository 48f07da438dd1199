/** FleetService: what the proxies report to this replica. It answers from memory, because reports are not in the store. */
import type { Violation } from '../../core/model/violation.ts';
import type { BackendStatus } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { FleetServiceHandlers } from '../../core/wire/generated/lb/v1/FleetService.ts';
import type { Proxy as WireProxy } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { appliedRevision, NEVER_SEEN_MS, type ProxyRecord } from '../fleet/proxy-record.ts';
import { sameIdToWire } from '../fleet/report-service.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import { required, throwIfInvalid } from '../../core/runtime/request-violations.ts';
import type { ApiDeps } from './api-deps.ts';
import { findResource } from './read-state.ts';
import { watchEvents } from './watch-events.ts';
import { watchStats } from './watch-stats.ts';

export function fleetHandlers(deps: ApiDeps): FleetServiceHandlers {
  const { unary, fleet, members, follower } = deps;
  return {
    ListProxies: unary(async () => {
      const currentRevision = String(follower.current()?.position.revision ?? 0);
      return { proxies: fleet.list().map((proxy) => ({ ...proxyToWire(proxy), currentRevision })) };
    }),
    ListBackendStatus: unary(async ({ pool }) => {
      const all = backendStatuses(fleet.list());
      const statuses = all.filter(({ report }) => pool === '' || report?.backend?.pool === pool);
      const pools = follower.current()?.state.pools;
      if (pool !== '' && statuses.length === 0 && pools !== undefined) findResource('pool', pools, pool);
      return { statuses };
    }),
    WatchStats: watchStats(deps),
    WatchEvents: watchEvents(deps),
    DeleteProxy: unary(async ({ proxyId }) => {
      const violations: Violation[] = [];
      required('proxy_id', proxyId, violations);
      throwIfInvalid(violations);
      await members.roster.remove(proxyId);
      return {};
    }),
  };
}

function proxyToWire(proxy: ProxyRecord): WireProxy {
  const listeners = [...proxy.listeners.values()];
  return {
    info: proxy.info,
    connected: proxy.connected,
    lastSeen: proxy.lastSeenMs === NEVER_SEEN_MS ? null : timestampToWire(proxy.lastSeenMs),
    applied: proxy.applied,
    listeners,
    pools: [...proxy.pools.values()].sort((a, b) => Number(a.pool > b.pool) - Number(a.pool < b.pool)),
    workers: [...proxy.workers.values()].sort((a, b) => a.index - b.index),
    connectionsActive: listeners.reduce((sum, { connectionsActive }) => sum + connectionsActive, 0),
    peerAddress: proxy.peer,
    sameId: proxy.sameId.map(sameIdToWire),
  };
}

/**
 * Every backend as each proxy sees it, sorted by pool, address and proxy. A report names only what changed since the
 * previous one, so everything reported earlier still held when the proxy reported the revision it runs now.
 */
function backendStatuses(proxies: readonly ProxyRecord[]): BackendStatus[] {
  const statuses = proxies.flatMap((proxy) => {
    const revision = String(Math.max(appliedRevision(proxy), 0));
    return Array.from(proxy.backends, ([key, report]) => ({
      // A space sorts before every character that a pool's name may contain.
      order: key.replace('/', ' '),
      status: { proxyId: proxy.info.id, report, revision } satisfies BackendStatus,
    }));
  });
  // The sort is stable, so the proxies of one backend stay in the order of the roster.
  statuses.sort((a, b) => Number(a.order > b.order) - Number(a.order < b.order));
  return statuses.map(({ status }) => status);
}
