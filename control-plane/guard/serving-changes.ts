/** The part of a configuration that decides where connections go. Pure. */
import type { State, StoredPool } from '../../core/model/state.ts';

/** By address, the weights of the backends that take new connections: active ones with a weight. */
export function servingWeights(pool: StoredPool | undefined): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const [address, { value }] of pool?.backends ?? []) {
    if (value.state === 'active' && value.weight > 0) weights.set(address, value.weight);
  }
  return weights;
}

/** Names of the pools that are in both states and differ. */
export function changedPools(before: State, after: State): string[] {
  if (before.pools === after.pools) return [];
  return [...after.pools.keys()].filter((name) => {
    const old = before.pools.get(name);
    return old !== undefined && old !== after.pools.get(name);
  });
}

/** Names of the listeners whose address proxies no longer accept on: deleted ones, and moved ones. */
export function closedListeners(before: State, after: State): string[] {
  if (before.listeners === after.listeners) return [];
  return [...before.listeners].flatMap(([name, { value }]) =>
    after.listeners.get(name)?.value.address === value.address ? [] : [name],
  );
}
