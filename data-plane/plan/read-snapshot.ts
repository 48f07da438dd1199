/**
 * Reads a snapshot as a plan needs it: pools with their policies and sorted backends, listeners with their addresses.
 * The control plane sends valid snapshots only; what a plan could not be made from is refused here all the same,
 * whole and with every reason.
 */
import { type Address, parseAddress } from '../../core/model/address.ts';
import type { Backend, Listener, Policy, Pool } from '../../core/model/resources.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';

export interface ReadBackend {
  readonly resource: Backend;
  readonly address: Address;
}

export interface ReadPool {
  readonly name: string;
  readonly policy: Policy;
  /** By address, in the order of its characters: the order of the candidates. */
  readonly backends: readonly ReadBackend[];
}

export interface ReadListener {
  readonly resource: Listener;
  readonly address: Address;
}

export interface ReadSnapshot {
  readonly pools: readonly ReadPool[];
  readonly listeners: readonly ReadListener[];
  /** If there is one, the rest is not to be used. */
  readonly violations: readonly Violation[];
}

interface Sorted {
  readonly policies: Map<string, Policy>;
  readonly pools: Pool[];
  readonly backends: Map<string, Backend[]>;
  readonly listeners: Listener[];
}

/** Resources are immutable and live on from snapshot to snapshot: most addresses have been read before. */
const readBefore = new WeakMap<Backend | Listener, Address>();

export function readSnapshot(snapshot: Snapshot): ReadSnapshot {
  const sorted = sortByKind(snapshot);
  const violations: Violation[] = [];
  const pools: ReadPool[] = [];
  for (const pool of sorted.pools) {
    const policy = sorted.policies.get(pool.policy);
    if (!policy) violations.push(dangling(`pools[${pool.name}].policy`, 'policy', pool.policy));
    const backends = readBackends(sorted.backends.get(pool.name) ?? [], violations);
    if (policy) pools.push({ name: pool.name, policy, backends });
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
  for (const resource of backends) {
    const field = `pools[${resource.pool}].backends[${resource.address}].address`;
    const address = readAddress(resource, field, violations);
    if (address) read.push({ resource, address });
  }
  // The order of characters, not of a language: it must be the same on every machine.
  return read.sort((a, b) => (a.address.canonical < b.address.canonical ? -1 : 1));
}

function readListeners(sorted: Sorted, violations: Violation[]): ReadListener[] {
  const pools = new Set(sorted.pools.map(({ name }) => name));
  const holders = new Map<string, string>();
  const read: ReadListener[] = [];
  for (const resource of sorted.listeners) {
    const field = `listeners[${resource.name}]`;
    if (!pools.has(resource.pool)) violations.push(dangling(`${field}.pool`, 'pool', resource.pool));
    const address = readAddress(resource, `${field}.address`, violations);
    if (!address) continue;
    const holder = holders.get(address.canonical);
    if (holder === undefined) holders.set(address.canonical, resource.name);
    else {
      violations.push({
        field: `${field}.address`,
        description: `${address.canonical} is the address of the listener "${holder}" already; give each its own`,
      });
    }
    read.push({ resource, address });
  }
  return read;
}

function readAddress(resource: Backend | Listener, field: string, violations: Violation[]): Address | null {
  const known = readBefore.get(resource);
  if (known) return known;
  const parsed = parseAddress(resource.address);
  if (parsed.ok) {
    readBefore.set(resource, parsed.value);
    return parsed.value;
  }
  violations.push({ field, description: parsed.description });
  return null;
}

function dangling(field: string, kind: string, name: string): Violation {
  return { field, description: `the ${kind} "${name}" is not in the snapshot; create it, or name another` };
}
