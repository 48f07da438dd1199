/** The part of a report about backends: those that are new or have another health, and the traffic of all others. */
import type { BackendReport } from '../../core/wire/generated/lb/v1/BackendReport.ts';
import type { BackendTraffic } from '../../core/wire/generated/lb/v1/BackendTraffic.ts';
import { wordToWire } from '../../core/wire/enum-codec.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { BackendObservation, Observation } from '../telemetry/observation.ts';
import { appendIncreases } from './histogram-increases.ts';

/** A backend that a receiver knows, as it was and as it is. */
export interface Grown {
  readonly key: string;
  readonly before: BackendObservation;
  readonly now: BackendObservation;
}

/** Ten thousand backends are compared every second. Histograms that did not change are the same arrays. */
export function changedBackends(before: Observation, now: Observation) {
  const stated: BackendObservation[] = [];
  const grown: Grown[] = [];
  for (const [key, backend] of now.backends) {
    const known = before.backends.get(key);
    // Counters that went down began anew: it was removed and added again meanwhile.
    if (!known || isReset(known, backend)) {
      stated.push(backend);
      continue;
    }
    if (!hasSameHealth(known, backend)) stated.push(backend);
    if (hasGrown(known, backend)) grown.push({ key, before: known, now: backend });
  }
  return { stated, grown };
}

const COUNTERS = ['connections', 'connectFailures', 'bytesToBackend', 'bytesFromBackend'] as const;

function isReset(a: BackendObservation, b: BackendObservation): boolean {
  return COUNTERS.some((counter) => b[counter] < a[counter]);
}

function hasSameHealth(a: BackendObservation, b: BackendObservation): boolean {
  return a.health === b.health && a.sinceMs === b.sinceMs && (a.reason === b.reason || isSameFailure(a, b));
}

/** How much a server has sent differs from check to check, and is no news. */
function isSameFailure(a: BackendObservation, b: BackendObservation): boolean {
  const [before, now] = [a, b].map(({ reason }) => reason.replace(/ \d+ bytes/, ''));
  return before === now;
}

function hasGrown(a: BackendObservation, b: BackendObservation): boolean {
  return (
    a.active !== b.active ||
    COUNTERS.some((counter) => b[counter] !== a[counter]) ||
    a.connect !== b.connect ||
    a.firstByte !== b.firstByte
  );
}

export function backendToWire(backend: BackendObservation): BackendReport {
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
  };
}

export function trafficToWire(grown: readonly Grown[]): BackendTraffic {
  const connect: number[] = [];
  const firstByte: number[] = [];
  for (const [place, { before, now }] of grown.entries()) {
    appendIncreases(connect, before.connect, now.connect, place);
    appendIncreases(firstByte, before.firstByte, now.firstByte, place);
  }
  return {
    backends: grown.map(({ key }) => key),
    connectionsActive: grown.map(({ now }) => now.active),
    connections: grown.map(({ before, now }) => now.connections - before.connections),
    connectFailures: grown.map(({ before, now }) => now.connectFailures - before.connectFailures),
    bytesToBackend: grown.map(({ before, now }) => now.bytesToBackend - before.bytesToBackend),
    bytesFromBackend: grown.map(({ before, now }) => now.bytesFromBackend - before.bytesFromBackend),
    connect,
    firstByte,
  };
}
