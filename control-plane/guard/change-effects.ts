/** What a change would do to traffic, for dry runs. Pure. */
import { describeChanges } from '../../core/model/difference.ts';
import type { State } from '../../core/model/state.ts';
import type { ChangeResult } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import type { PoolEffect } from '../../core/wire/generated/lb/v1/PoolEffect.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { changedPools, closedListeners, servingWeights } from './serving-changes.ts';

export type Effects = Required<Pick<ChangeResult, 'poolEffects' | 'listenerEffects'>>;

export function effectsOf(before: State, after: State, fleet: FleetFacts): Effects {
  return {
    poolEffects: poolsOf(before, after).flatMap((pool) => poolEffect(pool, before, after, fleet)),
    listenerEffects: closedListeners(before, after).map((listener) => {
      const { connections } = fleet.listenerConnections(listener);
      return { listener, connections };
    }),
  };
}

/** Pools that are changed, created or deleted. */
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

/** A backend with weight 0 keeps its connections; a removed, draining or disabled one does not. */
function takesConnections(state: State, pool: string, address: string): boolean {
  return state.pools.get(pool)?.backends.get(address)?.value.state === 'active';
}
