/**
 * Finds backends that lead back: their address is that of a listener, and from the pool of that listener connections come
 * to the pool of the backend again. One client would become thousands of connections. Pure.
 *
 * Pools are the nodes of a graph. A backend is an edge from its pool to that of a listener which accepts on its address, on
 * this host or, as the control planes tell, at another proxy of the fleet. The edges of a cycle are what leads back: a chain
 * of listeners that ends at other backends is legal.
 */
import { LEADS_BACK } from '../../core/model/resources.ts';
import { type Address, addressesOverlap } from '../../core/model/address.ts';
import type { ReadBackend, ReadListener, ReadPool } from './read-snapshot.ts';

/** What the snapshot does not say: where its addresses lead. */
export interface Whereabouts {
  /** Whether an IP address leads to this host. */
  readonly isOwn: (ip: Uint8Array) => boolean;
  /** Addresses of backends that are listeners of any proxy of the fleet: `IP:PORT`. */
  readonly fleet: ReadonlySet<string>;
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
  { isOwn, fleet }: Whereabouts,
): Loops {
  const reached = [...backendsOnListeners(pools, listeners)];
  const edges = new Map<string, Edge[]>();
  const own = new Set<string>();
  for (const { backend, listener } of reached) {
    const { address, pool, resource } = backend;
    const isHere = isOwn(address.bytes);
    if (isHere) own.add(address.canonical);
    const takesConnections = resource.state === 'active' && resource.weight > 0;
    if (takesConnections && (isHere || fleet.has(address.canonical)))
      listFor(edges, pool).push({ backend, isOwn: isHere, listener });
  }
  const leadingBack = new Map<ReadBackend, string>();
  const reachable = new Map<string, ReadonlySet<string>>();
  for (const edge of [...edges.values()].flat()) {
    const { pool } = edge.listener.resource;
    const from = reachable.get(pool) ?? poolsReachedFrom(pool, edges);
    reachable.set(pool, from);
    if (from.has(edge.backend.pool)) leadingBack.set(edge.backend, reasonFor(edge));
  }
  return { own: [...own], leadingBack };
}

/** Each backend whose address is that of a listener, if it is an address of the same host. */
function* backendsOnListeners(pools: readonly ReadPool[], listeners: readonly ReadListener[]) {
  const byPort = new Map<number, ReadListener[]>();
  for (const listener of listeners) listFor(byPort, listener.address.port).push(listener);
  for (const { backends } of pools) {
    for (const backend of backends) {
      const listener = listenerFor(backend.address, byPort.get(backend.address.port));
      if (listener) yield { backend, listener };
    }
  }
}

/** The kernel prefers the exact address to a wildcard. */
function listenerFor(address: Address, listeners: readonly ReadListener[] = []): ReadListener | undefined {
  return (
    listeners.find((listener) => listener.address.host === address.host) ??
    listeners.find((listener) => addressesOverlap(listener.address, address))
  );
}

function poolsReachedFrom(pool: string, edges: ReadonlyMap<string, readonly Edge[]>): ReadonlySet<string> {
  const reached = new Set([pool]);
  // A set hands out what is added while it is iterated over.
  for (const next of reached)
    for (const { listener } of edges.get(next) ?? []) reached.add(listener.resource.pool);
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
