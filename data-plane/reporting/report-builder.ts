/**
 * The changes from one observation to the next, as messages.
 *
 * Invariants
 *  - pure; a receiver that starts from nothing and takes every message in order knows the newest observation;
 *  - nothing changed: no message; a message names at most MAX_BACKENDS_A_MESSAGE backends;
 *  - a message is built when it is requested, so that a caller can take one at a time and do other work in between.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ProxyInfo } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { AppliedSnapshot } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { BackendReport } from '../../core/wire/generated/lb/v1/BackendReport.ts';
import type { ProcessReport } from '../../core/wire/generated/lb/v1/ProcessReport.ts';
import type { StreamReportsRequest } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { WorkerReport } from '../../core/wire/generated/lb/v1/WorkerReport.ts';
import { wordToWire } from '../../core/wire/enum-codec.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { AppliedConfig } from '../subscription/config-status.ts';
import { changedListeners } from './listener-reports.ts';
import { connectToWire, firstByteToWire } from './histogram-to-wire.ts';
import type { BackendObservation, Observation, ProcessObservation } from '../telemetry/observation.ts';

/** About 4 ms of CPU to build and encode, and at most 700 bytes each, with both histograms. */
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
  return messages(NOTHING, now, { proxy });
}

function* messages(before: Observation, now: Observation, first: StreamReportsRequest): Messages {
  const last: StreamReportsRequest = {
    ...(before.applied !== now.applied && { applied: appliedToWire(now.applied) }),
    ...nonEmpty('listeners', changedListeners(before, now)),
    ...nonEmpty(
      'goneListeners',
      gone(before.listeners, now.listeners).map(([name]) => name),
    ),
    ...nonEmpty('workers', changedWorkers(before, now)),
    ...(!isDeepStrictEqual(before.process, now.process) && { process: processToWire(now.process) }),
  };
  const parts: (() => StreamReportsRequest)[] = [
    ...chunks(changedBackends(before, now)).map((part) => () => ({ backends: part.map(backendToWire) })),
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
    ownBackends: [],
    rejected: null,
    fromDisk: false,
    stale: false,
  },
  backends: new Map(),
  listeners: new Map(),
  workers: [],
  process: { cpuSeconds: 0, residentBytes: 0, saturated: false, maxConnections: 0 },
};

function changedBackends(before: Observation, now: Observation): BackendObservation[] {
  const changed: BackendObservation[] = [];
  for (const [key, backend] of now.backends) {
    const known = before.backends.get(key);
    if (!known || !sameBackend(known, backend)) changed.push(backend);
  }
  return changed;
}

function sameBackend(a: BackendObservation, b: BackendObservation): boolean {
  // Listed, since ten thousand backends are compared every second. Histograms that did not change are the same arrays.
  return (
    a.health === b.health &&
    a.reason === b.reason &&
    a.sinceMs === b.sinceMs &&
    a.active === b.active &&
    a.connections === b.connections &&
    a.connectFailures === b.connectFailures &&
    a.bytesToBackend === b.bytesToBackend &&
    a.bytesFromBackend === b.bytesFromBackend &&
    a.connect === b.connect &&
    a.firstByte === b.firstByte
  );
}

function changedWorkers(before: Observation, now: Observation): WorkerReport[] {
  return now.workers.flatMap((worker, index) => {
    if (isDeepStrictEqual(before.workers[index], worker)) return [];
    const { active, restarts, accepted } = worker;
    return [{ index, connectionsActive: active, restarts, connectionsTotal: String(accepted) }];
  });
}

function gone<V>(before: ReadonlyMap<string, V>, now: ReadonlyMap<string, V>): [string, V][] {
  return [...before].filter(([key]) => !now.has(key));
}

function nonEmpty<K extends keyof StreamReportsRequest, V>(field: K, values: V[]): { [key in K]?: V[] } {
  return values.length === 0 ? {} : ({ [field]: values } as { [key in K]: V[] });
}

function chunks<T>(items: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += MAX_BACKENDS_A_MESSAGE) {
    parts.push(items.slice(start, start + MAX_BACKENDS_A_MESSAGE));
  }
  return parts;
}

function backendToWire(backend: BackendObservation): BackendReport {
  return {
    backend: { pool: backend.pool, address: backend.address },
    health: wordToWire('HEALTH', backend.health),
    reason: backend.reason,
    since: timestampToWire(backend.sinceMs),
    connectionsActive: backend.active,
    connectionsTotal: String(backend.connections),
    connectFailuresTotal: String(backend.connectFailures),
    bytesToBackendTotal: String(backend.bytesToBackend),
    bytesFromBackendTotal: String(backend.bytesFromBackend),
    connect: connectToWire(backend.connect),
    firstByte: firstByteToWire(backend.firstByte),
  };
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
  const { running, failedListeners, ownBackends, rejected, fromDisk, stale } = applied;
  return {
    position: running && positionToWire(running.position),
    snapshotHash: running?.hash ?? '',
    failedListeners: failedListeners.map((failed) => ({ ...failed })),
    rejected: rejected && {
      position: positionToWire(rejected.position),
      violations: rejected.violations.map((violation) => ({ ...violation })),
    },
    fromDisk,
    stale,
    ownBackends: ownBackends.slice(0, MAX_OWN_BACKENDS),
  };
}
