/** The parts of a change that decide where connections go. Pure. */
import { parseAddress } from '../../core/model/address.ts';
import type { Listener } from '../../core/model/resources.ts';
import { coversName } from '../../core/model/server-name.ts';
import type { State, StoredPool } from '../../core/model/state.ts';

/** The weights, by address, of the backends that take new connections: active ones with a weight above 0. */
export function servingWeights(pool: StoredPool | undefined): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const [address, { value }] of pool?.backends ?? []) {
    if (value.state === 'active' && value.weight > 0) weights.set(address, value.weight);
  }
  return weights;
}

/** Names of the pools that exist in both states and differ. */
export function changedPools(before: State, after: State): string[] {
  if (before.pools === after.pools) return [];
  return [...after.pools.keys()].filter((name) => {
    const old = before.pools.get(name);
    return old !== undefined && old !== after.pools.get(name);
  });
}

/** Names of the listeners that are deleted or moved, so that proxies no longer accept where they did. */
export function closedListeners(before: State, after: State): string[] {
  if (before.listeners === after.listeners) return [];
  return [...before.listeners].flatMap(([name, { value }]) => {
    const now = after.listeners.get(name)?.value;
    return now !== undefined && acceptsAll(now, value) ? [] : [name];
  });
}

/** Whether a listener accepts on every address and port of another one. A range may grow. */
function acceptsAll(listener: Listener, other: Listener): boolean {
  const [now, old] = [listener, other].map(({ address }) => parseAddress(address, 'listener'));
  if (!now?.ok || !old?.ok || (listener.ipv6Only && !other.ipv6Only)) return false;
  const { host, port, lastPort } = now.value;
  return host === old.value.host && port <= old.value.port && lastPort >= old.value.lastPort;
}

/** Connections of a listener that would come to another pool than before. */
export interface Move {
  readonly field: string;
  /** The name that they ask for; '': what no route takes. */
  readonly name: string;
  readonly from: string;
  /** '': they would be refused. */
  readonly to: string;
}

export function movesOf(before: State, after: State): Move[] {
  if (before.listeners === after.listeners) return [];
  return [...before.listeners].flatMap(([name, { value }]) => {
    const now = after.listeners.get(name)?.value;
    if (now === undefined || now === value) return [];
    const at = `listeners[${name}]`;
    const all = (value.routes ?? []).flatMap(({ serverNames, alpn, pool: from }) =>
      (serverNames.length > 0 ? serverNames : ['']).map((asked): Move => {
        return { field: `${at}.routes`, name: asked, from, to: poolFor(now, asked, alpn[0]) };
      }),
    );
    const { pool: from } = value;
    if (from !== '') all.push({ field: `${at}.pool`, name: '', from, to: now.pool });
    const moved = all.filter((move) => move.to !== move.from);
    // Of many names that move alike, one is enough.
    return [...new Map(moved.map((move) => [`${move.field} ${move.from} ${move.to}`, move])).values()];
  });
}

/** Where a listener leads those who ask for a name, or for all that a wildcard covers, and offer one protocol. */
function poolFor({ pool, routes = [] }: Listener, name: string, protocol: string | undefined): string {
  const found = routes.flatMap((route) => {
    const { serverNames, alpn } = route;
    if (alpn.length > 0 && (protocol === undefined || !alpn.includes(protocol))) return [];
    const lengths = serverNames.flatMap((one) => {
      return one === name ? Infinity : coversName(one, name) ? one.length : [];
    });
    const length = serverNames.length === 0 ? 0 : Math.max(-1, ...lengths);
    return length < 0 ? [] : [{ length, protocols: alpn.length, pool: route.pool }];
  });
  // The longest name, and of equal ones the route for a protocol.
  found.sort((a, b) => (a.length === b.length ? b.protocols - a.protocols : b.length - a.length));
  return found[0]?.pool ?? pool;
}
