/** Backends of which each has had traffic in every second. */
import type { Observation } from '../../data-plane/telemetry/observation.ts';
import { HISTOGRAM_CELLS } from '../../data-plane/memory/shared-memory.ts';
import { backendObservation, NO_OBSERVATION } from '../../harness/worker/observations.ts';

export function backendAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${Math.floor(index / 250)}.${index % 250}:8080`);
}

/** What a proxy observes of them in its pool `web`: in another second, all of it is different. */
export function busyBackends(addresses: readonly string[], second: number): Observation {
  const cells = () =>
    Float64Array.from({ length: HISTOGRAM_CELLS }, (_, cell) => (cell % 3 === 0 ? second + cell + 1 : 0));
  const backends = addresses.map((address) => {
    const backend = backendObservation(address, {
      active: 3,
      connections: 1_000 + second,
      bytesToBackend: 1e9 + second,
      bytesFromBackend: 1e10 + second,
      connect: cells(),
      firstByte: cells(),
    });
    return [`web/${address}`, backend] as const;
  });
  return { ...NO_OBSERVATION, backends: new Map(backends) };
}
