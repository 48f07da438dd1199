/**
 * Finds backends that lead back: their address is that of a listener, and from the pool of that listener connections come
 * to the pool of the backend again. One client would become thousands of connections. Pure.
 *
 * Pools are the nodes of a graph. A backend is an edge from its pool to that of a listener which accepts on its address, on
 * this host or, as the control planes tell, at another proxy of the fleet. The edges of a cycle are what leads back: a chain
 * of listeners that ends at other backends is legal. A backend without a port is at each port that a listener of its pool
 * has.
 */
import { LEADS_BACK, type Listener, poolsOf } from '../../core/model/resources.ts';
import { addressesOverlap } from '../../core/model/address.ts';
import type { ReadBackend, ReadListener, ReadPool } from './read-snapshot.ts';

/** What the snapshot does not say: where its addresses lead. */
export interface Whereabouts {
  /** Whether an IP address leads to this host. */
  readonly isOwn: (ip: Uint8Array) => boolean;
  /** Addresses of backends that are listeners of any proxy of the fleet: `IP:PORT`. */
  readonly fleet: ReadonlySet<string>;
  /** Addresses of listeners that can't run here. What leads there leads to another program. */
  readonly unbound: ReadonlySet<string>;
}

export interface Loops {
  /** Addresses of backends that are listeners of this proxy, whether or not they lead back. */
  readonly own: readonly string[];
  /** Why each of these gets no connections. */
  readonly leadingBack: ReadonlyMap<ReadBackend, string>;
}

interface Edge {
  readonly backend: ReadBackend;
  readonly isOwn: boolean;
  readonly listener: ReadListener;
}

export function findLoops(
  pools: readonly ReadPool[],
  listeners: readonly ReadListener[],
  { isOwn, fleet, unbound }: Whereabouts,
): Loops {
  const edges = new Map<string, Edge[]>();
  const own = new Set<string>();
  for (const { backend, listener } of backendsOnListeners(pools, listeners)) {
    const { address, pool, resource } = backend;
    const isHere = isOwn(address.bytes);
    // Of an own address, such as 127.0.0.1, other proxies know only where it leads at their hosts.
    if (isHere ? unbound.has(listener.address.canonical) : !fleet.has(address.canonical)) continue;
    if (isHere) own.add(address.canonical);
    if (resource.state === 'active' && resource.weight > 0)
      listFor(edges, pool).push({ backend, isOwn: isHere, listener });
  }
  const leadingBack = new Map<ReadBackend, string>();
  /** By listener. */
  const reachable = new Map<string, ReadonlySet<string>>();
  for (const edge of [...edges.values()].flat()) {
    const { resource } = edge.listener;
    const from = reachable.get(resource.name) ?? poolsReachedFrom(resource, edges);
    reachable.set(resource.name, from);
    if (from.has(edge.backend.pool)) leadingBack.set(edge.backend, reasonFor(edge));
  }
  return { own: [...own], leadingBack };
}

/** Each backend with a listener that it leads to, if it is an address of the same host. */
function* backendsOnListeners(pools: readonly ReadPool[], listeners: readonly ReadListener[]) {
  const byPort = new Map<number, ReadListener[]>();
  const ranges: ReadListener[] = [];
  const askedBy = new Map<string, ReadListener[]>();
  for (const listener of listeners) {
    const { port, lastPort } = listener.address;
    if (port === lastPort) listFor(byPort, port).push(listener);
    else ranges.push(listener);
    for (const pool of poolsOf(listener.resource)) listFor(askedBy, pool).push(listener);
  }
  for (const { backends } of pools) {
    for (const backend of backends) {
      const { address, pool } = backend;
      // No port: those that clients of its pool ask for.
      const ports =
        address.port > 0 ? [address] : (askedBy.get(pool) ?? []).map((listener) => listener.address);
      for (const { port, lastPort } of ports) {
        const near = port === lastPort ? [...(byPort.get(port) ?? []), ...ranges] : listeners;
        const asked = { ...address, port, lastPort };
        for (const listener of near)
          if (addressesOverlap(listener.address, asked)) yield { backend, listener };
      }
    }
  }
}

function poolsReachedFrom(first: Listener, edges: ReadonlyMap<string, readonly Edge[]>): ReadonlySet<string> {
  const reached = new Set(poolsOf(first));
  // A set hands out what is added while it is iterated over.
  for (const next of reached)
    for (const { listener } of edges.get(next) ?? [])
      for (const pool of poolsOf(listener.resource)) reached.add(pool);
  return reached;
}

function listFor<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function reasonFor({ isOwn, listener }: Edge): string {
  const proxy = isOwn ? 'this proxy' : 'another proxy of the fleet';
  return `${LEADS_BACK} the listener ${listener.resource.name} of ${proxy}`;
}
