/** What a proxy observes, made by hand. */
import { CLOSE_REASONS } from '../../core/wire/close-reasons.ts';
import type {
  BackendObservation,
  ListenerObservation,
  Observation,
} from '../../data-plane/telemetry/observation.ts';
import type { ClosedCounts } from '../../data-plane/memory/counters.ts';
import { HISTOGRAM_CELLS } from '../../data-plane/memory/shared-memory.ts';

export const NO_OBSERVATION: Observation = {
  applied: {
    running: null,
    failedListeners: [],
    certificates: [],
    rejected: null,
    fromDisk: false,
    stale: false,
    ownBackends: [],
  },
  backends: new Map(),
  listeners: new Map(),
  pools: new Map(),
  waiting: new Map(),
  workers: [],
  process: { cpuSeconds: 0, residentBytes: 0, saturated: false, maxConnections: 0 },
};

export const EMPTY_HISTOGRAM = new Float64Array(HISTOGRAM_CELLS);

/** With one observation in its first bucket. */
export function histogramOf(seconds: number): Float64Array {
  const counts = new Float64Array(HISTOGRAM_CELLS);
  counts[0] = 1;
  counts[HISTOGRAM_CELLS - 1] = seconds;
  return counts;
}

export function closedCounts(fields: Partial<ClosedCounts> = {}): ClosedCounts {
  return {
    ...(Object.fromEntries(CLOSE_REASONS.map((reason) => [reason, 0])) as ClosedCounts),
    ...fields,
  };
}

/** A backend of the pool `web` that rests. */
export function backendObservation(
  address: string,
  fields: Partial<BackendObservation> = {},
): BackendObservation {
  return {
    pool: 'web',
    address,
    health: 'healthy',
    reason: '',
    sinceMs: 0,
    active: 0,
    removed: false,
    connections: 0,
    connectFailures: 0,
    bytesToBackend: 0,
    bytesFromBackend: 0,
    answered: 0,
    connect: EMPTY_HISTOGRAM,
    firstByte: EMPTY_HISTOGRAM,
    ...fields,
  };
}

/** A listener that rests. */
export function listenerObservation(fields: Partial<ListenerObservation> = {}): ListenerObservation {
  return {
    active: 0,
    accepted: 0,
    bytesFromClients: 0,
    bytesToClients: 0,
    wouldBeLimited: 0,
    closed: closedCounts(),
    connect: EMPTY_HISTOGRAM,
    firstByte: EMPTY_HISTOGRAM,
    duration: EMPTY_HISTOGRAM,
    ...fields,
  };
}
