/** FleetService: what the proxies report, as this replica sees it. Answers from memory: observation is not in the store. */
import { didYouMean } from '../../core/model/nearest.ts';
import type { Violation } from '../../core/model/violation.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { BackendStatus } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { FleetServiceHandlers } from '../../core/wire/generated/lb/v1/FleetService.ts';
import type { Proxy as WireProxy } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { appliedRevision, NEVER_SEEN_MS, type ProxyRecord } from '../fleet/proxy-record.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import { refuseIfAny } from '../rpc/request-violations.ts';
import { requiredName } from './make-change.ts';
import type { ApiDeps } from './api-deps.ts';
import { watchStats } from './watch-stats.ts';

export function fleetHandlers(deps: ApiDeps): FleetServiceHandlers {
  const { unary, fleet, members, follower } = deps;
  return {
    ListProxies: unary(async () => {
      const currentRevision = String(follower.current()?.position.revision ?? 0);
      return { proxies: fleet.list().map((proxy) => ({ ...proxyToWire(proxy), currentRevision })) };
    }),
    ListBackendStatus: unary(async ({ pool }) => {
      const statuses = backendStatuses(fleet.list()).filter(
        (status) => pool === '' || poolOf(status) === pool,
      );
      const pools = follower.current()?.state.pools;
      if (pool !== '' && statuses.length === 0 && pools?.has(pool) === false) {
        throw new LbError('NOT_FOUND', `There is no pool "${pool}"${didYouMean(pool, pools.keys())}.`);
      }
      return { statuses };
    }),
    WatchStats: watchStats(deps),
    DeleteProxy: unary(async ({ proxyId }) => {
      const violations: Violation[] = [];
      requiredName('proxy_id', proxyId, violations);
      refuseIfAny(violations);
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
    workers: [...proxy.workers.values()].sort((a, b) => a.index - b.index),
    connectionsActive: listeners.reduce((sum, { connectionsActive }) => sum + connectionsActive, 0),
  };
}

/**
 * Every backend as each proxy sees it, sorted by pool, address and proxy. A report names what changed since the one
 * before, so what a proxy said earlier still held when it reported what it runs now.
 */
function backendStatuses(proxies: readonly ProxyRecord[]): BackendStatus[] {
  const statuses = proxies.flatMap((proxy) => {
    const revision = String(Math.max(appliedRevision(proxy), 0));
    return Array.from(proxy.backends, ([key, report]) => ({
      // A space sorts before everything that a pool's name may hold.
      order: key.replace('/', ' '),
      status: { proxyId: proxy.info.id, report, revision } satisfies BackendStatus,
    }));
  });
  // Stable, so that the proxies of one backend keep the roster's order.
  statuses.sort((a, b) => compare(a.order, b.order));
  return statuses.map(({ status }) => status);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function poolOf(status: BackendStatus): string | undefined {
  return status.report?.backend?.pool;
}
