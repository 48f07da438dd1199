/** What proxies report, made by hand. */
import { type ProxyRecord, ReportedProxy } from '../../control-plane/fleet/proxy-record.ts';
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { BackendReport__Output } from '../../core/wire/generated/lb/v1/BackendReport.ts';
import type { ListenerReport__Output } from '../../core/wire/generated/lb/v1/ListenerReport.ts';
import type { PoolReport__Output } from '../../core/wire/generated/lb/v1/PoolReport.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';

export function proxyInfo(id: string, instanceId = `${id}-1`): ProxyInfo__Output {
  return {
    id,
    zone: '',
    version: '0.1.0',
    engine: 'portable',
    adminAddress: '',
    startedAt: null,
    instanceId,
  };
}

/** Nothing but what is given. */
export function report(fields: Partial<StreamReportsRequest__Output> = {}): StreamReportsRequest__Output {
  return {
    proxy: null,
    applied: null,
    backends: [],
    goneBackends: [],
    listeners: [],
    pools: [],
    queues: [],
    goneListeners: [],
    workers: [],
    stopping: false,
    process: null,
    traffic: null,
    histogramBounds: null,
    ...fields,
  };
}

/** That all workers run `revision` of the store `store`. */
export function applied(
  revision: number,
  fields: Partial<AppliedSnapshot__Output> = {},
): AppliedSnapshot__Output {
  const position = {
    storeId: 'store',
    version: String(revision),
    revision: String(revision),
    hash: `commit-${revision}`,
    replaces: [],
  };
  return {
    position,
    snapshotHash: `snapshot-${revision}`,
    failedListeners: [],
    certificates: [],
    ownBackends: [],
    rejected: null,
    fromDisk: false,
    stale: false,
    ...fields,
  };
}

export function poolReport(pool: string, fields: Partial<PoolReport__Output> = {}): PoolReport__Output {
  const servingSince = { seconds: '1700000000', nanos: 0 };
  return { pool, noneHealthy: false, servingTier: 0, servingSince, ...fields };
}

export function backendReport(
  pool: string,
  address: string,
  fields: Partial<BackendReport__Output> = {},
): BackendReport__Output {
  return {
    backend: { pool, address },
    health: 'HEALTH_HEALTHY',
    reason: '',
    since: null,
    connectionsActive: 0,
    connectionsTotal: '0',
    connectFailuresTotal: '0',
    bytesToBackendTotal: '0',
    bytesFromBackendTotal: '0',
    ...fields,
  };
}

export function listenerReport(
  listener: string,
  fields: Partial<ListenerReport__Output> = {},
): ListenerReport__Output {
  return {
    listener,
    connectionsActive: 0,
    connectionsTotal: '0',
    bytesFromClientsTotal: '0',
    bytesToClientsTotal: '0',
    closedTotal: {},
    wouldBeLimitedTotal: '0',
    connect: [],
    firstByte: [],
    duration: [],
    ...fields,
  };
}

/** A proxy on the roster that reported once, 1.7 × 10⁹ seconds after 1970: revision 1 unless `fields` say otherwise. */
export function reportedProxy(
  id: string,
  fields: Partial<StreamReportsRequest__Output> = {},
  connected = true,
): ProxyRecord {
  const proxy = new ReportedProxy(proxyInfo(id), 0);
  proxy.apply(report({ applied: applied(1), ...fields }), 1_700_000_000_000);
  proxy.owner = connected ? NOBODY : null;
  return proxy;
}

/** A report stream of which nobody is told anything. */
export const NOBODY = { end: () => undefined, sameId: () => undefined };
