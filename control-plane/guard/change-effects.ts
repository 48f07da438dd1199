/** What a change would do to traffic, for dry runs. Pure. */
import { describeChanges } from '../../core/model/difference.ts';
import type { State } from '../../core/model/state.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { changedPools, closedListeners, servingWeights } from './serving-changes.ts';

/** A backend's share of the pool's new connections, 0 to 1, assuming that all backends are healthy. */
interface BackendShare {
  readonly address: string;
  readonly shareBefore: number;
  readonly shareAfter: number;
  /** Open now. */
  readonly connections: number;
}

interface PoolEffect {
  readonly pool: string;
  /** Every backend before or after the change. */
  readonly backends: readonly BackendShare[];
  /** Open connections to backends that the change removes, drains or disables. */
  readonly connectionsDraining: number;
}

interface ListenerEffect {
  readonly listener: string;
  /** Open now; they are allowed to finish. */
  readonly connections: number;
}

export interface Effects {
  readonly pools: readonly PoolEffect[];
  /** Listeners that are deleted or moved to another address. */
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
