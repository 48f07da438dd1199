/**
 * The guard: refuses, in numbers, the change that would take a service down. `force` overrules it. Pure.
 *
 * It looks at what a change leaves behind, never at how it is made: removal, drain, disable, weight 0, rollback and
 * prune count alike. Three rules:
 *  - a pool keeps at least half of the active backends that it had ten minutes ago;
 *  - a pool, or the pool that a listener is given, keeps a backend that some proxy finds healthy;
 *  - a listener with open connections is not deleted.
 * A change that makes nothing worse is never refused: what is down already may be mended in any steps.
 */
import type { State } from '../../core/model/state.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { changedPools, servingWeights } from './serving.ts';

/** States as proxies run them: with the backends that registered themselves. */
export interface GuardInputs {
  readonly before: State;
  readonly after: State;
  /** What was configured ten minutes ago. */
  readonly earlier: State;
  readonly fleet: FleetFacts;
}

export interface GuardVerdict {
  /** Why the change is refused, unless it is forced; empty: it is not. */
  readonly violations: readonly Violation[];
  /** They are all of health that is not known yet of backends that stay: in a moment they may be none. */
  readonly mayPass: boolean;
  /** What could not be checked, in words. */
  readonly notes: readonly string[];
}

/** A violation, and whether health that is still to be learned may lift it. */
interface Finding extends Violation {
  readonly mayPass?: true;
}

export function guard(inputs: GuardInputs): GuardVerdict {
  const findings = [...halved(inputs), ...unhealthy(inputs), ...repointed(inputs), ...deleted(inputs)];
  return {
    violations: findings.map(({ field, description }) => ({ field, description })),
    mayPass: findings.length > 0 && findings.every(({ mayPass }) => mayPass),
    notes: takesAway(inputs) ? unchecked(inputs) : [],
  };
}

/** Pools left with less than half of what they had ten minutes ago, by this change. */
function halved({ before, after, earlier }: GuardInputs): Finding[] {
  return changedPools(before, after).flatMap((name) => {
    const [had, has, keeps] = [earlier, before, after].map(
      (state) => servingWeights(state.pools.get(name)).size,
    ) as [number, number, number];
    if (keeps >= has || keeps * 2 >= had) return [];
    const description = `would have ${active(keeps)} (${has} now, ${had} ten minutes ago): less than half`;
    return [{ field: `pools[${name}]`, description }];
  });
}

/** Pools that lose their last healthy backend by this change. */
function unhealthy({ before, after, fleet }: GuardInputs): Finding[] {
  return changedPools(before, after).flatMap((name) => {
    const healthy = healthyIn(before, name, fleet);
    const stay = healthyIn(after, name, fleet);
    if (healthy.length === 0 || stay.length > 0) return [];
    const description = `would have no backend that any proxy finds healthy; now ${list(healthy)}`;
    return [{ field: `pools[${name}]`, description, ...hope({ before, after, fleet }, name) }];
  });
}

/** Listeners that go from a pool with a healthy backend to one without. */
function repointed({ before, after, fleet }: GuardInputs): Finding[] {
  return [...after.listeners.values()].flatMap(({ value: { name, pool } }) => {
    const old = before.listeners.get(name)?.value.pool;
    if (old === undefined || old === pool) return [];
    if (healthyIn(before, old, fleet).length === 0 || healthyIn(after, pool, fleet).length > 0) return [];
    const description = `would be "${pool}", where no proxy finds a backend healthy; "${old}" has one`;
    return [{ field: `listeners[${name}].pool`, description, ...hope({ before, after, fleet }, pool) }];
  });
}

function deleted({ before, after, fleet }: GuardInputs): Finding[] {
  return [...before.listeners.keys()].flatMap((name) => {
    if (after.listeners.has(name)) return [];
    const { connections, proxies } = fleet.listenerConnections(name);
    if (connections === 0) return [];
    const description = `has ${count(connections, 'open connection')} on ${count(proxies, 'proxy', 'proxies')}`;
    return [{ field: `listeners[${name}]`, description }];
  });
}

/** The addresses of a pool that take new connections and that some proxy finds healthy. */
function healthyIn(state: State, pool: string, fleet: FleetFacts): string[] {
  const serving = servingWeights(state.pools.get(pool));
  return [...fleet.healthy(pool).keys()].filter((address) => serving.has(address));
}

/** Whether a backend that stays is one that proxies are just getting to know. One that the change brings is not. */
function hope(
  { before, after, fleet }: Omit<GuardInputs, 'earlier'>,
  pool: string,
): { readonly mayPass?: true } {
  const known = before.pools.get(pool)?.backends;
  const unknown = [...servingWeights(after.pools.get(pool)).keys()].some(
    (address) => known?.has(address) === true && fleet.isUnknown(pool, address),
  );
  return unknown ? { mayPass: true } : {};
}

/** Whether the change could take anything down. */
function takesAway({ before, after }: GuardInputs): boolean {
  const fewer = changedPools(before, after).some((name) => {
    const keeps = servingWeights(after.pools.get(name));
    return [...servingWeights(before.pools.get(name)).keys()].some((address) => !keeps.has(address));
  });
  const moved = [...before.listeners].some(
    ([name, { value }]) => after.listeners.get(name)?.value.pool !== value.pool,
  );
  return fewer || moved;
}

function unchecked({ fleet }: GuardInputs): string[] {
  if (fleet.complete) return [];
  return [
    'the guard could not check health and open connections in full: not every proxy on the roster reports to this replica now',
  ];
}

const active = (number: number) => count(number, 'active backend');

function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** The first few. */
function list(addresses: readonly string[]): string {
  const named = addresses.slice(0, 3).join(', ');
  const more = addresses.length - 3;
  const which = more > 0 ? `${named} and ${more} more` : named;
  return `${which} ${addresses.length === 1 ? 'is' : 'are'}`;
}
