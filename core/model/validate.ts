/**
 * Validation: what makes a state valid, and every violation of it at once, each with its path.
 *
 * Invariants
 *  - it checks only what changed and what refers to it, so that adding one backend to 10,000 is cheap; for changes of a
 *    valid state that put nothing twice, it finds violations exactly when a check of the whole new state would;
 *  - it runs before an append only: a log that an older program wrote is folded as it is.
 */
import { type AddressForm, parseAddress } from './address.ts';
import { type Change, putBy } from './commit.ts';
import { didYouMean } from './did-you-mean.ts';
import { FIELDS } from './fields/resource-fields.ts';
import { validateFields, validateName } from './fields/validate-fields.ts';
import { isLinkLocal, isMulticastOrBroadcast, isUnspecified } from './ip.ts';
import { validatePolicy } from './policy/validate-policy.ts';
import { type Backend, keyOf, type Listener, poolsOf, type Resource } from './resources.ts';
import { loopsOf, overlapsOf, parseListeners } from './rules/listener-addresses.ts';
import { validateListener } from './rules/validate-listener.ts';
import { validateCheckedPort, validatePool } from './rules/validate-pool.ts';
import { policyOf, type State } from './state.ts';
import type { Violation } from './violation.ts';

/** The nearest name is looked for in the first violations only: that compares a name with all others. */
const MAX_HINTED = 50;
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

/** The paths at which a pool refers to a policy, or a listener to a pool. */
export function referencesOf(resource: Resource, name: string): string[] {
  const at = pathOf(resource);
  if (resource.kind !== 'listener') return [`${at}.policy`];
  const { pool, routes = [] } = resource.value;
  const byRoutes = routes.flatMap((route, index) =>
    route.pool === name ? [`${at}.routes[${index}].pool`] : [],
  );
  return [...(pool === name ? [`${at}.pool`] : []), ...byRoutes];
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
      if (poolsOf(value).includes(name)) found.push({ kind: 'listener', value });
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
  const pathOfBackend = (value: Backend) => pathOf({ kind: 'backend', value });
  return [
    ...violations,
    ...checkedPorts(resources, state),
    ...loopsOf(resources, state, listeners, pathOfBackend),
  ];
}

/** Backends without a port: those that are put, and those of pools that another policy or another check has come to. */
function checkedPorts(resources: readonly Resource[], state: State): Violation[] {
  const policies = new Set<string>();
  const pools = new Set<string>();
  const backends = new Map<string, Backend>();
  for (const resource of resources) {
    if (resource.kind === 'policy') policies.add(resource.value.name);
    if (resource.kind === 'pool') pools.add(resource.value.name);
    if (resource.kind === 'backend') backends.set(keyOf(resource), resource.value);
  }
  for (const { value: pool, backends: all } of state.pools.values()) {
    if (!pools.has(pool.name) && !policies.has(pool.policy)) continue;
    for (const { value } of all.values()) backends.set(keyOf({ kind: 'backend', value }), value);
  }
  return [...backends.values()].flatMap((value) => {
    const check = policyOf(state, value.pool)?.healthCheck;
    return check ? validateCheckedPort(value, check, pathOf({ kind: 'backend', value })) : [];
  });
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
        ...validatePool(resource.value, at),
        ...validateReference(`${at}.policy`, 'policy', resource.value.policy, state.policies, withHint),
      ];
    case 'backend':
      return validateBackend(resource.value, at, state, withHint);
    case 'listener':
      return [
        ...validateName(`${at}.name`, resource.value.name),
        ...validateAddress(`${at}.address`, resource.value.address, 'listener'),
        ...validateListener(resource.value, at),
        ...validatePools(resource.value, at, state, withHint),
      ];
  }
}

function validateBackend(backend: Backend, at: string, state: State, withHint: boolean): Violation[] {
  const violations = [
    ...validateAddress(`${at}.address`, backend.address, 'backend'),
    ...validateFields(FIELDS.backend, backend, at),
  ];
  if (!state.pools.has(backend.pool)) {
    violations.push(...validateReference(at, 'pool', backend.pool, state.pools, withHint));
  }
  const parsed = parseAddress(backend.address, 'backend');
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

/** Those of the routes, and its own, which only routes make needless. */
function validatePools(
  { pool, routes = [] }: Listener,
  at: string,
  { pools }: State,
  withHint: boolean,
): Violation[] {
  const own = pool === '' && routes.length > 0 ? [] : [[`${at}.pool`, pool] as const];
  const ofRoutes = routes.map((route, index) => [`${at}.routes[${index}].pool`, route.pool] as const);
  return [...own, ...ofRoutes].flatMap(([field, name]) => {
    return validateReference(field, 'pool', name, pools, withHint);
  });
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

function validateAddress(field: string, address: string, form: AddressForm): Violation[] {
  const parsed = parseAddress(address, form);
  if (!parsed.ok) return [{ field, description: parsed.description }];
  if (!isMulticastOrBroadcast(parsed.value.bytes)) return [];
  const description = `"${address}" is a multicast or broadcast address, which TCP cannot use; write the address of one host`;
  return [{ field, description }];
}
