/**
 * What a guard asks the fleet: which backends are healthy, and what is connected. Read when a change is decided.
 *
 * Every question is about one backend or listener: it looks those up, and never goes through all that proxies report.
 */
import type { Fleet } from '../fleet/fleet.ts';

export interface FleetFacts {
  /** False: a proxy on the roster does not report here, or this replica has just started. What follows is too little. */
  readonly complete: boolean;
  /** Some connected proxy finds that backend of a pool healthy. */
  isHealthy(pool: string, address: string): boolean;
  /** No connected proxy knows yet how that backend is: it may turn out healthy in a moment. */
  isUnknown(pool: string, address: string): boolean;
  /** Open connections to a backend of a pool, of all connected proxies. */
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
