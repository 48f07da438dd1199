/** The parts of a change that decide where connections go. Pure. */
import type { State, StoredPool } from '../../core/model/state.ts';

/** The weights, by address, of the backends that take new connections: active ones with a weight above 0. */
export function servingWeights(pool: StoredPool | undefined): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const [address, { value }] of pool?.backends ?? []) {
    if (value.state === 'active' && value.weight > 0) weights.set(address, value.weight);
  }
  return weights;
}

/** Names of the pools that exist in both states and differ. */
export function changedPools(before: State, after: State): string[] {
  if (before.pools === after.pools) return [];
  return [...after.pools.keys()].filter((name) => {
    const old = before.pools.get(name);
    return old !== undefined && old !== after.pools.get(name);
  });
}

/** Names of the listeners that are deleted or moved, so that proxies no longer accept on their address. */
export function closedListeners(before: State, after: State): string[] {
  if (before.listeners === after.listeners) return [];
  return [...before.listeners].flatMap(([name, { value }]) =>
    after.listeners.get(name)?.value.address === value.address ? [] : [name],
  );
}
