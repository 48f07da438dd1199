/**
 * The guard: refuses a change that would take a service down, and gives the numbers. `force` overrides it. Pure.
 *
 * It judges the result of a change, however it is made: removal, drain, disable, weight 0, rollback and prune count alike.
 * Three rules:
 *  - a pool keeps at least half of the most active backends that it had in the last ten minutes, now included;
 *  - a pool, or the pool that a listener or one of its routes is moved to, keeps a backend that some proxy finds healthy;
 *  - a listener with open connections is not deleted or moved to another address.
 * A change that makes nothing worse is never refused, so a service that is down already can be fixed in any steps.
 */
import type { State } from '../../core/model/state.ts';
import type { Violation } from '../../core/model/violation.ts';
import { activeIn, type RecentMost } from '../store/log/active-backend-history.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { changedPools, closedListeners, movesOf, servingWeights } from './serving-changes.ts';

/** The states are those that proxies run: they include the backends that registered themselves. */
export interface GuardInputs {
  readonly before: State;
  readonly after: State;
  /** The most active backends that a pool had in the last ten minutes, now included. */
  readonly recentMost: (pool: string) => RecentMost;
  readonly fleet: FleetFacts;
}

export interface GuardVerdict {
  /** Why the change is refused unless it is forced; empty if it is allowed. */
  readonly violations: readonly Violation[];
  /** All violations are about backends whose health is not known yet, so the change may be allowed in a moment. */
  readonly mayPass: boolean;
  /** What could not be checked. */
  readonly notes: readonly string[];
}

/** A violation, and whether it may go away once the health of a backend is known. */
interface Finding extends Violation {
  readonly mayPass?: true;
}

export function guard(inputs: GuardInputs): GuardVerdict {
  const findings = [...halved(inputs), ...unhealthy(inputs), ...repointed(inputs), ...closed(inputs)];
  return {
    violations: findings.map(({ field, description }) => ({ field, description })),
    mayPass: findings.length > 0 && findings.every(({ mayPass }) => mayPass),
    notes: takesAway(inputs) ? unchecked(inputs) : [],
  };
}

/** Pools that this change leaves with less than half of the most backends they had in the last ten minutes. */
function halved({ before, after, recentMost }: GuardInputs): Finding[] {
  return changedPools(before, after).flatMap((name) => {
    const [has, keeps] = [before, after].map((state) => activeIn(state.pools.get(name))) as [number, number];
    const { active: had } = recentMost(name);
    if (keeps >= has || keeps * 2 >= had) return [];
    const more = had > has ? `, and had ${had} in the last ten minutes` : '';
    const description = `would have ${active(keeps)}, less than half (it has ${has} now${more})`;
    return [{ field: `pools[${name}]`, description }];
  });
}

/** Pools that lose their last healthy backend through this change. */
function unhealthy({ before, after, fleet }: GuardInputs): Finding[] {
  return changedPools(before, after).flatMap((name) => {
    if (hasHealthy(after, name, fleet)) return [];
    const healthy = healthyIn(before, name, fleet);
    if (healthy.length === 0) return [];
    const description = `would have no backend that any proxy finds healthy; now ${list(healthy)} healthy`;
    return [{ field: `pools[${name}]`, description, ...mayBecomeHealthy({ before, after, fleet }, name) }];
  });
}

/** What this change leads from a pool with a healthy backend to a pool without one, or nowhere. */
function repointed({ before, after, fleet }: GuardInputs): Finding[] {
  return movesOf(before, after).flatMap(({ field, name, from, to }) => {
    if (hasHealthy(after, to, fleet) || !hasHealthy(before, from, fleet)) return [];
    const leads = name === '' ? 'be' : `lead "${name}" to`;
    const description =
      to === ''
        ? `would ${leads} no pool, so connections are refused; "${from}" has a healthy backend`
        : `would ${leads} "${to}", in which no proxy finds a healthy backend; "${from}" has one`;
    return [{ field, description, ...mayBecomeHealthy({ before, after, fleet }, to) }];
  });
}

/** Listeners that have open connections and would be deleted or moved to another address. */
function closed({ before, after, fleet }: GuardInputs): Finding[] {
  return closedListeners(before, after).flatMap((name) => {
    const { connections, proxies } = fleet.listenerConnections(name);
    if (connections === 0) return [];
    const has = `has ${count(connections, 'open connection')} on ${count(proxies, 'proxy', 'proxies')}`;
    const [from, to] = [before, after].map(({ listeners }) => listeners.get(name)?.value.address);
    if (to === undefined) return [{ field: `listeners[${name}]`, description: has }];
    return [{ field: `listeners[${name}].address`, description: `would be ${to}: ${from} ${has}` }];
  });
}

/** The addresses of a pool that take new connections and that some proxy finds healthy. */
function healthyIn(state: State, pool: string, fleet: FleetFacts): string[] {
  const serving = [...servingWeights(state.pools.get(pool)).keys()];
  return serving.filter((address) => fleet.isHealthy(pool, address));
}

/** Whether there is such an address. Usually the first one is. */
function hasHealthy(state: State, pool: string, fleet: FleetFacts): boolean {
  for (const address of servingWeights(state.pools.get(pool)).keys()) {
    if (fleet.isHealthy(pool, address)) return true;
  }
  return false;
}

/** Whether the health of a backend that stays is still unknown. Backends that the change adds do not count. */
function mayBecomeHealthy(
  { before, after, fleet }: Omit<GuardInputs, 'recentMost'>,
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
  return fewer || movesOf(before, after).length > 0 || closedListeners(before, after).length > 0;
}

function unchecked({ before, after, recentMost, fleet }: GuardInputs): string[] {
  const notes: string[] = [];
  if (!fleet.complete) {
    notes.push(
      'the guard could not fully check health and open connections, because not every proxy on the roster reports to this replica now',
    );
  }
  if (changedPools(before, after).some((name) => !recentMost(name).complete)) {
    notes.push(
      'the guard could not look back ten minutes, because the store no longer has the configuration of that time',
    );
  }
  return notes;
}

const active = (number: number) => count(number, 'active backend');

function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** The first few addresses, with a verb. */
function list(addresses: readonly string[]): string {
  const named = addresses.slice(0, 3).join(', ');
  const more = addresses.length - 3;
  const which = more > 0 ? `${named} and ${more} more` : named;
  return `${which} ${addresses.length === 1 ? 'is' : 'are'}`;
}
