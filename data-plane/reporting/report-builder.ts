/**
 * The changes from one observation to the next, as messages.
 *
 * Invariants
 *  - pure; a receiver that starts from nothing and takes every message in order knows the newest observation;
 *  - nothing changed: no message; a message names at most MAX_BACKENDS_A_MESSAGE backends;
 *  - a message is built when it is requested, so that a caller can take one at a time and do other work in between.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PoolReport } from '../../core/wire/generated/lb/v1/PoolReport.ts';
import type { ProxyInfo } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { AppliedSnapshot } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { ProcessReport } from '../../core/wire/generated/lb/v1/ProcessReport.ts';
import type { QueueReport } from '../../core/wire/generated/lb/v1/QueueReport.ts';
import type { StreamReportsRequest } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { WorkerReport } from '../../core/wire/generated/lb/v1/WorkerReport.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { AppliedConfig } from '../subscription/config-status.ts';
import { changedListeners } from './listener-reports.ts';
import { backendToWire, changedBackends, trafficToWire } from './backend-reports.ts';
import { HISTOGRAM_BOUNDS } from './histogram-increases.ts';
import type { Observation, ProcessObservation } from '../telemetry/observation.ts';

/** A message takes about 2 ms of CPU at most to build and encode: health checks run on the same thread. */
const MAX_BACKENDS_A_MESSAGE = 250;
/** Usually there is none; a control plane passes no more on. */
const MAX_OWN_BACKENDS = 256;

type Messages = Generator<StreamReportsRequest, void, undefined>;

/**
 * The messages that take a receiver from `before` to `now`. `applied` comes last: a receiver that learns that a revision
 * runs has then received every count that was taken since.
 */
export function buildReports(before: Observation, now: Observation): Messages {
  return messages(before, now, {});
}

/** Everything, for a new receiver. There is always a first message, and it identifies the proxy. */
export function buildFirstReports(proxy: ProxyInfo, now: Observation): Messages {
  return messages(NOTHING, now, { proxy, histogramBounds: HISTOGRAM_BOUNDS });
}

function* messages(before: Observation, now: Observation, first: StreamReportsRequest): Messages {
  const last: StreamReportsRequest = {
    ...(before.applied !== now.applied && { applied: appliedToWire(now.applied) }),
    ...nonEmpty('listeners', changedListeners(before, now)),
    ...nonEmpty(
      'goneListeners',
      gone(before.listeners, now.listeners).map(([name]) => name),
    ),
    ...nonEmpty('pools', changedPools(before, now)),
    ...nonEmpty('queues', changedQueues(before.waiting, now.waiting)),
    ...nonEmpty('workers', changedWorkers(before, now)),
    ...(!isDeepStrictEqual(before.process, now.process) && { process: processToWire(now.process) }),
  };
  const { stated, grown } = changedBackends(before, now);
  const parts: (() => StreamReportsRequest)[] = [
    ...chunks(grown).map((part) => () => ({ traffic: trafficToWire(part) })),
    // After their traffic, so that a receiver's totals are already those that it says.
    ...chunks(stated).map((part) => () => ({ backends: part.map(backendToWire) })),
    ...chunks(gone(before.backends, now.backends)).map((part) => () => ({
      goneBackends: part.map(([, { pool, address }]) => ({ pool, address })),
    })),
  ];
  if (parts.length === 0 && Object.keys({ ...first, ...last }).length > 0) parts.push(() => ({}));
  for (const [index, make] of parts.entries()) {
    yield { ...(index === 0 && first), ...make(), ...(index === parts.length - 1 && last) };
  }
}

const NOTHING: Observation = {
  applied: {
    running: null,
    failedListeners: [],
    certificates: [],
    ownBackends: [],
    rejected: null,
    fromDisk: false,
    stale: false,
  },
  backends: new Map(),
  listeners: new Map(),
  pools: new Map(),
  waiting: new Map(),
  workers: [],
  process: { cpuSeconds: 0, residentBytes: 0, saturated: false, maxConnections: 0 },
};

function changedWorkers(before: Observation, now: Observation): WorkerReport[] {
  return now.workers.flatMap((worker, index) => {
    if (isDeepStrictEqual(before.workers[index], worker)) return [];
    const { active, restarts, accepted } = worker;
    return [{ index, connectionsActive: active, restarts, connectionsTotal: String(accepted) }];
  });
}

function changedPools(before: Observation, now: Observation): PoolReport[] {
  const changed = [...now.pools].filter(([pool, state]) => !isDeepStrictEqual(before.pools.get(pool), state));
  return [
    ...gone(before.pools, now.pools).map(([pool]) => ({ pool })),
    ...changed.map(([pool, { noneHealthy, servingTier, servingSinceMs }]) => {
      return { pool, noneHealthy, servingTier, servingSince: timestampToWire(servingSinceMs) };
    }),
  ];
}

function changedQueues(before: Observation['waiting'], now: Observation['waiting']): QueueReport[] {
  const changed = [...now].filter(([pool, waiting]) => before.get(pool) !== waiting);
  return [
    ...gone(before, now).map(([pool]) => ({ pool })),
    ...changed.map(([pool, waiting]) => ({ pool, waiting })),
  ];
}

function gone<V>(before: ReadonlyMap<string, V>, now: ReadonlyMap<string, V>): [string, V][] {
  return [...before].filter(([key]) => !now.has(key));
}

function nonEmpty<K extends keyof StreamReportsRequest, V>(field: K, values: V[]): { [key in K]?: V[] } {
  return values.length === 0 ? {} : ({ [field]: values } as { [key in K]: V[] });
}

function chunks<T>(items: readonly T[]): T[][] {
  const size = MAX_BACKENDS_A_MESSAGE;
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

function processToWire(usage: ProcessObservation): ProcessReport {
  return {
    cpuSecondsTotal: usage.cpuSeconds,
    residentBytes: String(usage.residentBytes),
    saturated: usage.saturated,
    maxConnections: usage.maxConnections,
  };
}

function appliedToWire(applied: AppliedConfig): AppliedSnapshot {
  const { running, failedListeners, certificates, ownBackends, rejected, fromDisk, stale } = applied;
  return {
    position: running && positionToWire(running.position),
    snapshotHash: running?.hash ?? '',
    failedListeners: failedListeners.map((failed) => ({ ...failed })),
    certificates: certificates.map(({ name, expiresAtMs, problem }) => ({
      name,
      expiresAt: expiresAtMs === null ? null : timestampToWire(expiresAtMs),
      problem,
    })),
    rejected: rejected && {
      position: positionToWire(rejected.position),
      violations: rejected.violations.map((violation) => ({ ...violation })),
    },
    fromDisk,
    stale,
    ownBackends: ownBackends.slice(0, MAX_OWN_BACKENDS),
  };
}
