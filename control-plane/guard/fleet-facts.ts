/** What a guard asks the fleet: which backends are healthy, and what is connected. Read when a change is decided. */
import type { Fleet } from '../distribution/fleet.ts';
import type { ProxyRecord } from '../distribution/proxy-record.ts';

export interface FleetFacts {
  /** False: a proxy on the roster does not report here, or this replica has just started. What follows is too little. */
  readonly complete: boolean;
  /** By address: how many connected proxies find that backend of a pool healthy. None without such a proxy. */
  healthy(pool: string): ReadonlyMap<string, number>;
  /** No connected proxy knows yet how that backend is: it may turn out healthy in a moment. */
  isUnknown(pool: string, address: string): boolean;
  /** By address: open connections to the backends of a pool, of all connected proxies. */
  backendConnections(pool: string): ReadonlyMap<string, number>;
  /** Open connections of a listener, and how many connected proxies have any. */
  listenerConnections(listener: string): { readonly connections: number; readonly proxies: number };
}

export function fleetFacts(fleet: Fleet): FleetFacts {
  const roster = fleet.list();
  const proxies = roster.filter(({ connected }) => connected);
  return {
    complete:
      fleet.unknownForMs() === 0 && roster.every(({ connected, applied }) => connected && applied !== null),
    healthy: (pool) => sumByAddress(proxies, pool, ({ health }) => (health === 'HEALTH_HEALTHY' ? 1 : 0)),
    isUnknown(pool, address) {
      const reports = proxies.map(({ backends }) => backends.get(`${pool}/${address}`));
      return reports.every((report) => report === undefined || report.health === 'HEALTH_UNKNOWN');
    },
    backendConnections: (pool) => sumByAddress(proxies, pool, ({ connectionsActive }) => connectionsActive),
    listenerConnections(listener) {
      const open = proxies.map(({ listeners }) => listeners.get(listener)?.connectionsActive ?? 0);
      return {
        connections: open.reduce((sum, connections) => sum + connections, 0),
        proxies: open.filter((connections) => connections > 0).length,
      };
    },
  };
}

type BackendReport = ProxyRecord['backends'] extends ReadonlyMap<string, infer Report> ? Report : never;

/** Addresses whose sum is 0 are left out. */
function sumByAddress(
  proxies: readonly ProxyRecord[],
  pool: string,
  count: (report: BackendReport) => number,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { backends } of proxies) {
    for (const report of backends.values()) {
      if (report.backend?.pool !== pool) continue;
      const { address } = report.backend;
      const more = count(report);
      if (more > 0) sums.set(address, (sums.get(address) ?? 0) + more);
    }
  }
  return sums;
}
