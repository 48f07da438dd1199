/**
 * Validation: what makes a state valid, and every violation of it at once, each with its path.
 *
 * Invariants
 *  - it checks only what changed and what refers to it, so that adding one backend to 10,000 is cheap; for changes of a
 *    valid state that put nothing twice, it finds violations exactly when a check of the whole new state would;
 *  - it runs before an append only: a log that an older program wrote is folded as it is.
 */
import { type Address, addressesOverlap, parseAddress } from './address.ts';
import { type Change, putBy } from './commit.ts';
import { MAX_TIER, MAX_WEIGHT } from './defaults.ts';
import { isLinkLocal, isLoopback, isMulticastOrBroadcast, isUnspecified } from './ip.ts';
import { didYouMean } from './did-you-mean.ts';
import { BACKEND_STATES, type Backend, keyOf, type Listener, type Resource } from './resources.ts';
import type { State } from './state.ts';
import { validatePolicy } from './policy/validate-policy.ts';
import { validateName, validateRange, validateWord } from './validate-field.ts';
import type { Violation } from './violation.ts';

const WEIGHT = { type: 'count', min: 1, max: MAX_WEIGHT, zero: 'no new connections' } as const;
const TIER = { type: 'count', min: 1, max: MAX_TIER, zero: 'the tier that serves first' } as const;
/** The nearest name is looked for in the first violations only: that compares a name with all others. */
const MAX_HINTED = 50;
/** Of one listener; all with all others would be a million. */
const MAX_OVERLAPS = 3;

/** The path of a resource in a violation: `policies[steady]`, `pools[web].backends[10.0.0.1:80]`. */
export function pathOf(resource: Resource): string {
  switch (resource.kind) {
    case 'policy':
      return `policies[${resource.value.name}]`;
    case 'pool':
      return `pools[${resource.value.name}]`;
    case 'backend':
      return `pools[${resource.value.pool}].backends[${resource.value.address}]`;
    case 'listener':
      return `listeners[${resource.value.name}]`;
  }
}

/** Every violation that `changes` bring into `after`, the state that follows from them. */
export function validateChanges(after: State, changes: readonly Change[]): Violation[] {
  // What is put twice, which is wrong in itself, is checked twice.
  const put = putBy(changes);
  const keys = new Set(put.map(keyOf));
  const referring = new Map<string, Resource>();
  for (const change of changes) {
    if (change.op !== 'delete') continue;
    for (const resource of referrers(after, change.kind, change.name)) {
      if (!keys.has(keyOf(resource))) referring.set(keyOf(resource), resource);
    }
  }
  return validateResources([...put, ...referring.values()], after);
}

/** The resources that refer to a policy or a pool. */
export function referrers(state: State, kind: string, name: string): Resource[] {
  const found: Resource[] = [];
  if (kind === 'policy') {
    for (const { value } of state.pools.values())
      if (value.policy === name) found.push({ kind: 'pool', value });
  }
  if (kind === 'pool') {
    for (const { value } of state.listeners.values()) {
      if (value.pool === name) found.push({ kind: 'listener', value });
    }
  }
  return found;
}

function validateResources(resources: readonly Resource[], state: State): Violation[] {
  const listeners = parseListeners(state);
  const violations: Violation[] = [];
  for (const resource of resources) {
    violations.push(...validateOne(resource, state, violations.length < MAX_HINTED));
    if (resource.kind === 'listener') violations.push(...overlapsOf(resource.value, listeners));
  }
  return [...violations, ...loopsOf(resources, state, listeners)];
}

/** A resource by itself, and what it refers to. */
function validateOne(resource: Resource, state: State, withHint: boolean): Violation[] {
  const at = pathOf(resource);
  switch (resource.kind) {
    case 'policy':
      return [...validateName(`${at}.name`, resource.value.name), ...validatePolicy(resource.value, at)];
    case 'pool':
      return [
        ...validateName(`${at}.name`, resource.value.name),
        ...validateReference(`${at}.policy`, 'policy', resource.value.policy, state.policies, withHint),
      ];
    case 'backend':
      return validateBackend(resource.value, at, state, withHint);
    case 'listener':
      return [
        ...validateName(`${at}.name`, resource.value.name),
        ...validateAddress(`${at}.address`, resource.value.address),
        ...validateReference(`${at}.pool`, 'pool', resource.value.pool, state.pools, withHint),
      ];
  }
}

function validateBackend(backend: Backend, at: string, state: State, withHint: boolean): Violation[] {
  const violations = [
    ...validateAddress(`${at}.address`, backend.address),
    ...validateWord(`${at}.state`, 'backend state', backend.state, BACKEND_STATES),
    ...validateRange(`${at}.weight`, WEIGHT, backend.weight),
    ...validateRange(`${at}.tier`, TIER, backend.tier ?? 0),
  ];
  if (!state.pools.has(backend.pool)) {
    violations.push(...validateReference(at, 'pool', backend.pool, state.pools, withHint));
  }
  const parsed = parseAddress(backend.address);
  if (parsed.ok && parsed.value.family === 6 && isLinkLocal(parsed.value.bytes)) {
    const description = `"${backend.address}" is link-local, so a proxy would not know which interface to use; write a global address`;
    violations.push({ field: `${at}.address`, description });
  }
  if (parsed.ok && isUnspecified(parsed.value.bytes)) {
    const description = `"${backend.address}" stands for every address of a host, which only a listener can use; write the address of the server`;
    violations.push({ field: `${at}.address`, description });
  }
  return violations;
}

function validateReference(
  field: string,
  kind: 'policy' | 'pool',
  name: string,
  known: ReadonlyMap<string, unknown>,
  withHint: boolean,
): Violation[] {
  if (known.has(name)) return [];
  if (name === '') return [{ field, description: `is empty; name the ${kind} to use` }];
  const hint = withHint ? didYouMean(name, known.keys()) : '';
  const description = `there is no ${kind} "${name}"${hint}; create it first, or in the same request`;
  return [{ field, description }];
}

function validateAddress(field: string, address: string): Violation[] {
  const parsed = parseAddress(address);
  if (!parsed.ok) return [{ field, description: parsed.description }];
  if (!isMulticastOrBroadcast(parsed.value.bytes)) return [];
  const description = `"${address}" is a multicast or broadcast address, which TCP cannot use; write the address of one host`;
  return [{ field, description }];
}

interface ParsedListener {
  readonly name: string;
  readonly address: Address;
}

/** The listeners with valid addresses, by name and by the addresses that a backend may have, too; wildcards by port. */
interface Listeners {
  readonly byName: ReadonlyMap<string, ParsedListener>;
  readonly byAddress: ReadonlyMap<string, ParsedListener>;
  readonly wildcards: ReadonlyMap<number, readonly ParsedListener[]>;
}

function parseListeners(state: State): Listeners {
  const byName = new Map<string, ParsedListener>();
  const byAddress = new Map<string, ParsedListener>();
  const wildcards = new Map<number, ParsedListener[]>();
  for (const { value } of state.listeners.values()) {
    const parsed = parseAddress(value.address);
    if (!parsed.ok) continue;
    const listener = { name: value.name, address: parsed.value };
    byName.set(value.name, listener);
    byAddress.set(parsed.value.canonical, listener);
    if (!isUnspecified(parsed.value.bytes)) continue;
    const { port } = parsed.value;
    wildcards.set(port, [...(wildcards.get(port) ?? []), listener]);
  }
  return { byName, byAddress, wildcards };
}

function overlapsOf(listener: Listener, listeners: Listeners): Violation[] {
  const own = listeners.byName.get(listener.name)?.address;
  if (own === undefined) return [];
  const found: Violation[] = [];
  for (const { name, address } of listeners.byName.values()) {
    if (name === listener.name || !addressesOverlap(own, address)) continue;
    const description = `${own.canonical} overlaps ${address.canonical}, the address of the listener "${name}"; give each listener an address of its own`;
    found.push({ field: `listeners[${listener.name}].address`, description });
    if (found.length === MAX_OVERLAPS) break;
  }
  return found;
}

/** Backends that are one of the listeners: each connection would come back as a new one, without end. */
function loopsOf(resources: readonly Resource[], state: State, listeners: Listeners): Violation[] {
  const addresses = resources.flatMap(({ kind, value }) => {
    return kind === 'listener' ? (listeners.byName.get(value.name)?.address ?? []) : [];
  });
  const suspects = [
    ...resources.flatMap((resource) => (resource.kind === 'backend' ? [resource.value] : [])),
    ...backendsThatMayReach(addresses, state),
  ];
  // A backend that is put together with its listener is named once.
  return [...new Set(suspects)].flatMap((backend) => loopsOfBackend(backend, listeners));
}

function loopsOfBackend(backend: Backend, listeners: Listeners): Violation[] {
  const parsed = parseAddress(backend.address);
  if (!parsed.ok) return [];
  const address = parsed.value;
  const listener =
    listeners.byAddress.get(address.canonical) ??
    (isLoopback(address.bytes)
      ? listeners.wildcards.get(address.port)?.find((wildcard) => addressesOverlap(address, wildcard.address))
      : undefined);
  if (listener === undefined) return [];
  return [
    {
      field: `${pathOf({ kind: 'backend', value: backend })}.address`,
      description: `is the address of the listener "${listener.name}" (${listener.address.canonical}), so connections would loop; use another server or port`,
    },
  ];
}

/** A quick filter: all backends are scanned only for wildcard listeners, and then by the end of their text. */
function backendsThatMayReach(listeners: readonly Address[], { pools }: State): Backend[] {
  const wildcards = listeners.filter(({ bytes }) => isUnspecified(bytes));
  const ports = new Set(wildcards.map(({ port }) => `${port}`));
  return [...pools.values()].flatMap(({ backends }) => {
    const equal = listeners.flatMap(({ canonical }) => backends.get(canonical)?.value ?? []);
    if (ports.size === 0) return equal;
    const near = [...backends.values()].filter(({ value: { address } }) => {
      return ports.has(address.slice(address.lastIndexOf(':') + 1));
    });
    return [...equal, ...near.map(({ value }) => value)];
  });
}
