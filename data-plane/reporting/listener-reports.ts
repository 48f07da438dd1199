/** The part of a report about listeners. */
import type { ListenerReport } from '../../core/wire/generated/lb/v1/ListenerReport.ts';
import { CLOSE_REASONS } from '../../core/wire/close-reasons.ts';
import type { HistogramCounts } from '../memory/counters.ts';
import type { ListenerObservation, Observation } from '../telemetry/observation.ts';
import { HISTOGRAM_CELLS } from '../memory/shared-memory.ts';
import { increases } from './histogram-increases.ts';

export function changedListeners(before: Observation, now: Observation): ListenerReport[] {
  const reports: ListenerReport[] = [];
  for (const [name, listener] of now.listeners) {
    const known = before.listeners.get(name);
    if (!known || !sameListener(known, listener)) reports.push(listenerToWire(name, known, listener));
  }
  return reports;
}

function sameListener(a: ListenerObservation, b: ListenerObservation): boolean {
  return (
    a.active === b.active &&
    a.accepted === b.accepted &&
    a.bytesFromClients === b.bytesFromClients &&
    a.bytesToClients === b.bytesToClients &&
    a.wouldBeLimited === b.wouldBeLimited &&
    CLOSE_REASONS.every((reason) => a.closed[reason] === b.closed[reason]) &&
    sameHistogram(a.connect, b.connect) &&
    sameHistogram(a.firstByte, b.firstByte) &&
    sameHistogram(a.duration, b.duration)
  );
}

function sameHistogram(a: HistogramCounts, b: HistogramCounts): boolean {
  for (let cell = 0; cell < HISTOGRAM_CELLS; cell += 1) if (a[cell] !== b[cell]) return false;
  return true;
}

function listenerToWire(
  listener: string,
  known: ListenerObservation | undefined,
  counts: ListenerObservation,
): ListenerReport {
  const occurred = CLOSE_REASONS.filter((reason) => counts.closed[reason] > 0);
  return {
    listener,
    connectionsActive: counts.active,
    connectionsTotal: String(counts.accepted),
    bytesFromClientsTotal: String(counts.bytesFromClients),
    bytesToClientsTotal: String(counts.bytesToClients),
    closedTotal: Object.fromEntries(occurred.map((reason) => [reason, String(counts.closed[reason])])),
    wouldBeLimitedTotal: String(counts.wouldBeLimited),
    ...(known && {
      connect: increases(known.connect, counts.connect),
      firstByte: increases(known.firstByte, counts.firstByte),
      duration: increases(known.duration, counts.duration),
    }),
  };
}
