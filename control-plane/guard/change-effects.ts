/** What a change does to traffic, for who asks before making it. Pure. */
import { describeChanges } from '../../core/model/difference.ts';
import type { State } from '../../core/model/state.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { changedPools, closedListeners, servingWeights } from './serving-changes.ts';

/** Of the pool's new connections, were all backends healthy: 0 to 1. */
export interface BackendShare {
  readonly address: string;
  readonly shareBefore: number;
  readonly shareAfter: number;
  /** Open now. */
  readonly connections: number;
}

export interface PoolEffect {
  readonly pool: string;
  /** Every backend of before and after, if the share of any changes. */
  readonly backends: readonly BackendShare[];
  /** Open connections to backends that would be removed, draining or disabled, and are not yet. */
  readonly connectionsDraining: number;
}

export interface ListenerEffect {
  readonly listener: string;
  /** Open now; they would be let finish. */
  readonly connections: number;
}

export interface Effects {
  readonly pools: readonly PoolEffect[];
  /** Listeners that would be deleted, or moved to another address. */
  readonly listeners: readonly ListenerEffect[];
}

export function effectsOf(before: State, after: State, fleet: FleetFacts): Effects {
  return {
    pools: poolsOf(before, after).flatMap((pool) => poolEffect(pool, before, after, fleet)),
    listeners: closedListeners(before, after).map((listener) => {
      const { connections } = fleet.listenerConnections(listener);
      return { listener, connections };
    }),
  };
}

/** Changed ones, new ones, and deleted ones. */
function poolsOf(before: State, after: State): string[] {
  const named = describeChanges(before, after).flatMap(({ kind, name }) => (kind === 'pool' ? [name] : []));
  return [...new Set([...changedPools(before, after), ...named])];
}

function poolEffect(pool: string, before: State, after: State, fleet: FleetFacts): PoolEffect[] {
  const [old, now] = [before, after].map((state) => servingWeights(state.pools.get(pool))) as [
    ReadonlyMap<string, number>,
    ReadonlyMap<string, number>,
  ];
  const addresses = [before, after].flatMap((state) => [...(state.pools.get(pool)?.backends.keys() ?? [])]);
  const backends = [...new Set(addresses)].map((address) => ({
    address,
    shareBefore: share(old, address),
    shareAfter: share(now, address),
    connections: fleet.backendConnections(pool, address),
  }));
  if (backends.every(({ shareBefore, shareAfter }) => shareBefore === shareAfter)) return [];
  const connectionsDraining = backends
    .filter(
      ({ address }) => takesConnections(before, pool, address) && !takesConnections(after, pool, address),
    )
    .reduce((sum, { connections }) => sum + connections, 0);
  return [{ pool, backends, connectionsDraining }];
}

function share(weights: ReadonlyMap<string, number>, address: string): number {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return (weights.get(address) ?? 0) / (total || 1);
}

/** Weight 0 lets connections be; to be removed, draining or disabled does not. */
function takesConnections(state: State, pool: string, address: string): boolean {
  return state.pools.get(pool)?.backends.get(address)?.value.state === 'active';
}
