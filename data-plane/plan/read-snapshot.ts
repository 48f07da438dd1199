/**
 * Reads a snapshot as a plan needs it: pools with their policies and sorted backends, listeners with their addresses.
 * The control plane sends valid snapshots only. Still, one that no plan could be built from is refused as a whole, with
 * every reason.
 */
import { type Accepting, type Address, type AddressForm, parseAddress } from '../../core/model/address.ts';
import { type Backend, type Listener, type Policy, type Pool, poolsOf } from '../../core/model/resources.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';

export interface ReadBackend {
  readonly resource: Backend;
  readonly pool: string;
  readonly address: Address;
}

export interface ReadPool {
  readonly name: string;
  readonly policy: Policy;
  readonly proxyProtocol: 'v1' | 'v2' | undefined;
  readonly queue: NonNullable<Pool['queue']> | null;
  readonly tls: NonNullable<Pool['tls']> | null;
  /** By address, in the order of its characters: the order of the candidates. */
  readonly backends: readonly ReadBackend[];
}

export interface ReadListener {
  readonly resource: Listener;
  readonly address: Accepting;
}

export interface ReadSnapshot {
  readonly pools: readonly ReadPool[];
  readonly listeners: readonly ReadListener[];
  /** If there are any, do not use the rest. */
  readonly violations: readonly Violation[];
}

interface Sorted {
  readonly policies: Map<string, Policy>;
  readonly pools: Pool[];
  readonly backends: Map<string, Backend[]>;
  readonly listeners: Listener[];
}

/**
 * Resources are immutable and most are the same objects in the next snapshot. They are read once, and the result is the
 * same object again, so that later steps can compare objects too.
 */
const readBefore = new WeakMap<Backend, ReadBackend>();

export function readSnapshot(snapshot: Snapshot): ReadSnapshot {
  const sorted = sortByKind(snapshot);
  const violations: Violation[] = [];
  const pools: ReadPool[] = [];
  for (const pool of sorted.pools) {
    const policy = sorted.policies.get(pool.policy);
    if (!policy) violations.push(dangling(`pools[${pool.name}].policy`, 'policy', pool.policy));
    const backends = readBackends(sorted.backends.get(pool.name) ?? [], violations);
    const { proxyProtocol, queue = null, tls = null } = pool;
    if (policy) pools.push({ name: pool.name, policy, proxyProtocol, queue, tls, backends });
    sorted.backends.delete(pool.name);
  }
  for (const [pool, [first]] of sorted.backends) {
    violations.push(dangling(`pools[${pool}].backends[${first?.address}]`, 'pool', pool));
  }
  return { pools, listeners: readListeners(sorted, violations), violations };
}

function sortByKind(snapshot: Snapshot): Sorted {
  const sorted: Sorted = { policies: new Map(), pools: [], backends: new Map(), listeners: [] };
  for (const { resource } of snapshot.entries.values()) {
    switch (resource.kind) {
      case 'policy':
        sorted.policies.set(resource.value.name, resource.value);
        break;
      case 'pool':
        sorted.pools.push(resource.value);
        break;
      case 'listener':
        sorted.listeners.push(resource.value);
        break;
      case 'backend': {
        const siblings = sorted.backends.get(resource.value.pool);
        if (siblings) siblings.push(resource.value);
        else sorted.backends.set(resource.value.pool, [resource.value]);
        break;
      }
    }
  }
  return sorted;
}

function readBackends(backends: readonly Backend[], violations: Violation[]): ReadBackend[] {
  const read: ReadBackend[] = [];
  let isSorted = true;
  for (const resource of backends) {
    const backend = readBefore.get(resource) ?? readBackend(resource, violations);
    if (!backend) continue;
    isSorted &&= read.length === 0 || !isBefore(backend, read.at(-1)!); // `!`: it is not empty.
    read.push(backend);
  }
  // A snapshot's entries are nearly always in this order already.
  return isSorted ? read : read.sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

/** By code units, not by the rules of a language: the order must be the same on every machine. */
function isBefore(a: ReadBackend, b: ReadBackend): boolean {
  return a.address.canonical < b.address.canonical;
}

function readBackend(resource: Backend, violations: Violation[]): ReadBackend | null {
  const field = `pools[${resource.pool}].backends[${resource.address}].address`;
  const address = readAddress(resource.address, 'backend', field, violations);
  if (!address) return null;
  const read = { resource, pool: resource.pool, address };
  readBefore.set(resource, read);
  return read;
}

function readListeners(sorted: Sorted, violations: Violation[]): ReadListener[] {
  const pools = new Set(sorted.pools.map(({ name }) => name));
  const holders = new Map<string, string>();
  const read: ReadListener[] = [];
  for (const resource of sorted.listeners) {
    const field = `listeners[${resource.name}]`;
    const unknown = poolsOf(resource).filter((pool) => !pools.has(pool));
    violations.push(...unknown.map((pool) => dangling(`${field}.pool`, 'pool', pool)));
    const address = readAddress(resource.address, 'listener', `${field}.address`, violations);
    if (!address) continue;
    const holder = holders.get(address.canonical);
    if (holder === undefined) holders.set(address.canonical, resource.name);
    else {
      violations.push({
        field: `${field}.address`,
        description: `${address.canonical} is already the address of the listener "${holder}"; give each listener its own`,
      });
    }
    read.push({ resource, address: resource.ipv6Only ? { ...address, ipv6Only: true } : address });
  }
  return read;
}

function readAddress(
  text: string,
  form: AddressForm,
  field: string,
  violations: Violation[],
): Address | null {
  const parsed = parseAddress(text, form);
  if (parsed.ok) return parsed.value;
  violations.push({ field, description: parsed.description });
  return null;
}

function dangling(field: string, kind: string, name: string): Violation {
  return { field, description: `the ${kind} "${name}" is not in the snapshot; create it or use another one` };
}
