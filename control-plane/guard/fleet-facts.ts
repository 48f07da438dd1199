/**
 * What the guard reads from the fleet when a change is decided: which backends are healthy, and what is connected.
 *
 * Each function looks up one backend or listener and never scans everything that proxies report.
 */
import type { Fleet } from '../fleet/fleet.ts';

export interface FleetFacts {
  /** False: a proxy on the roster does not report here, or this replica has just started, so the facts are incomplete. */
  readonly complete: boolean;
  /** Some connected proxy finds the backend healthy. */
  isHealthy(pool: string, address: string): boolean;
  /** No connected proxy knows the backend's health yet; it may turn out healthy in a moment. */
  isUnknown(pool: string, address: string): boolean;
  /** Open connections to a backend, on all connected proxies. */
  backendConnections(pool: string, address: string): number;
  /** Open connections of a listener, and how many connected proxies have any. */
  listenerConnections(listener: string): { readonly connections: number; readonly proxies: number };
}

export function fleetFacts(fleet: Fleet): FleetFacts {
  const roster = fleet.list();
  const proxies = roster.filter(({ connected }) => connected);
  return {
    complete:
      fleet.unknownForMs() === 0 && roster.every(({ connected, applied }) => connected && applied !== null),
    isHealthy(pool, address) {
      const key = `${pool}/${address}`;
      return proxies.some(({ backends }) => backends.get(key)?.health === 'HEALTH_HEALTHY');
    },
    isUnknown(pool, address) {
      const key = `${pool}/${address}`;
      return proxies.every(
        ({ backends }) => (backends.get(key)?.health ?? 'HEALTH_UNKNOWN') === 'HEALTH_UNKNOWN',
      );
    },
    backendConnections(pool, address) {
      const key = `${pool}/${address}`;
      return proxies.reduce((sum, { backends }) => sum + (backends.get(key)?.connectionsActive ?? 0), 0);
    },
    listenerConnections(listener) {
      const open = proxies.map(({ listeners }) => listeners.get(listener)?.connectionsActive ?? 0);
      return {
        connections: open.reduce((sum, connections) => sum + connections, 0),
        proxies: open.filter((connections) => connections > 0).length,
      };
    },
  };
}
