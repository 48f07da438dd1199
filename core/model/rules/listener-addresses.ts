/** What the addresses of listeners must not do: overlap, or be those of backends, to which each connection would come back. */
import { type Accepting, type Address, addressesOverlap, hasPort, parseAddress } from '../address.ts';
import { isLoopback, isUnspecified } from '../ip.ts';
import { type Backend, type Listener, poolsOf, type Resource } from '../resources.ts';
import type { State } from '../state.ts';
import type { Violation } from '../violation.ts';

/** Of one listener; all with all others would be a million. */
const MAX_OVERLAPS = 3;

interface ParsedListener {
  readonly value: Listener;
  readonly address: Accepting;
}

/** The listeners with valid addresses: by name, by host, and those that accept on every address of a host. */
export interface Listeners {
  readonly byName: ReadonlyMap<string, ParsedListener>;
  readonly byHost: ReadonlyMap<string, readonly ParsedListener[]>;
  readonly wildcards: readonly ParsedListener[];
}

export function parseListeners(state: State): Listeners {
  const byName = new Map<string, ParsedListener>();
  const byHost = new Map<string, ParsedListener[]>();
  const wildcards: ParsedListener[] = [];
  for (const { value } of state.listeners.values()) {
    const parsed = parseAddress(value.address, 'listener');
    if (!parsed.ok) continue;
    const listener = { value, address: { ...parsed.value, ipv6Only: value.ipv6Only } };
    byName.set(value.name, listener);
    const { host, bytes } = parsed.value;
    byHost.set(host, [...(byHost.get(host) ?? []), listener]);
    if (isUnspecified(bytes)) wildcards.push(listener);
  }
  return { byName, byHost, wildcards };
}

export function overlapsOf(listener: Listener, { byName }: Listeners): Violation[] {
  const own = byName.get(listener.name)?.address;
  if (own === undefined) return [];
  const found: Violation[] = [];
  for (const { value, address } of byName.values()) {
    if (value.name === listener.name || !addressesOverlap(own, address)) continue;
    const description = `${own.canonical} overlaps ${address.canonical}, the address of the listener "${value.name}"; give each listener an address of its own`;
    found.push({ field: `listeners[${listener.name}].address`, description });
    if (found.length === MAX_OVERLAPS) break;
  }
  return found;
}

/** Backends that are one of the listeners. `pathOf`: of a backend. */
export function loopsOf(
  resources: readonly Resource[],
  state: State,
  listeners: Listeners,
  pathOf: (backend: Backend) => string,
): Violation[] {
  const changed = resources.flatMap(({ kind, value }) => {
    return kind === 'listener' ? (listeners.byName.get(value.name) ?? []) : [];
  });
  const suspects = [
    ...resources.flatMap((resource) => (resource.kind === 'backend' ? [resource.value] : [])),
    ...backendsThatMayReach(changed, state),
  ];
  const leading = portsByPool(listeners);
  // A backend that is put together with its listener is named once.
  return [...new Set(suspects)].flatMap((backend) => {
    const listener = listenerAt(backend, listeners, leading);
    if (listener === undefined) return [];
    const description = `is the address of the listener "${listener.value.name}" (${listener.address.canonical}), so connections would loop; use another server or port`;
    return [{ field: `${pathOf(backend)}.address`, description }];
  });
}

type Ports = Pick<Address, 'port' | 'lastPort'>;

/** The ports of the listeners that lead to a pool: what its backends without a port are connected to on. */
function portsByPool({ byName }: Listeners): ReadonlyMap<string, readonly Ports[]> {
  const ports = new Map<string, Ports[]>();
  for (const { value, address } of byName.values()) {
    for (const pool of poolsOf(value)) ports.set(pool, [...(ports.get(pool) ?? []), address]);
  }
  return ports;
}

function listenerAt(
  backend: Backend,
  { byHost, wildcards }: Listeners,
  leading: ReadonlyMap<string, readonly Ports[]>,
): ParsedListener | undefined {
  const parsed = parseAddress(backend.address, 'backend');
  if (!parsed.ok) return undefined;
  const own = parsed.value;
  const near = [...(byHost.get(own.host) ?? []), ...(isLoopback(own.bytes) ? wildcards : [])];
  if (near.length === 0) return undefined;
  const ports: readonly Ports[] = own.port === 0 ? (leading.get(backend.pool) ?? []) : [own];
  return near.find(({ address }) =>
    ports.some(({ port, lastPort }) => addressesOverlap(address, { ...own, port, lastPort })),
  );
}

/** A quick filter, by the end of the text. */
function backendsThatMayReach(listeners: readonly ParsedListener[], { pools }: State): Backend[] {
  if (listeners.length === 0) return [];
  const ports = new Set<number>();
  for (const { address } of listeners) {
    for (let { port } = address; port <= address.lastPort; port++) ports.add(port);
  }
  return [...pools.values()].flatMap(({ backends }) =>
    Array.from(backends.values(), ({ value }) => value).filter(({ address }) => {
      return !hasPort(address) || ports.has(Number(address.slice(address.lastIndexOf(':') + 1)));
    }),
  );
}
