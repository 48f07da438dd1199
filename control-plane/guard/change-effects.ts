/** What a change would do to traffic, for dry runs. Pure. */
import { describeChanges } from '../../core/model/difference.ts';
import { canonicalJson } from '../../core/model/hash.ts';
import { type Policy, refusesWhenNoneHealthy } from '../../core/model/resources.ts';
import { policyOf, type State } from '../../core/model/state.ts';
import type { ChangeResult } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import type { PoolEffect } from '../../core/wire/generated/lb/v1/PoolEffect.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { type PredictedShares, predictShares } from './predicted-shares.ts';
import { changedPools, closedListeners } from './serving-changes.ts';

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

/** Pools that are changed, created or deleted, or whose policy is changed. */
function poolsOf(before: State, after: State): string[] {
  const changed = describeChanges(before, after);
  const named = changed.flatMap(({ kind, name }) => (kind === 'pool' ? [name] : []));
  const policies = new Set(changed.flatMap(({ kind, name }) => (kind === 'policy' ? [name] : [])));
  const users = [...after.pools.values()].filter(({ value }) => policies.has(value.policy));
  return [...new Set([...changedPools(before, after), ...named, ...users.map(({ value }) => value.name)])];
}

function poolEffect(pool: string, before: State, after: State, fleet: FleetFacts): PoolEffect[] {
  const old = predicted(before, pool, fleet);
  const now = predicted(after, pool, fleet);
  const addresses = [before, after].flatMap((state) => [...(state.pools.get(pool)?.backends.keys() ?? [])]);
  const backends = [...new Set(addresses)].map((address) => ({
    address,
    shareBefore: old.shares.get(address) ?? 0,
    shareAfter: now.shares.get(address) ?? 0,
    connections: fleet.backendConnections(pool, address),
  }));
  const warning = untriedCheck(policyOf(before, pool), policyOf(after, pool));
  const moves = backends.some(({ shareBefore, shareAfter }) => shareBefore !== shareAfter);
  if (!moves && warning === '') return [];
  const connectionsDraining = backends
    .filter(
      ({ address }) => takesConnections(before, pool, address) && !takesConnections(after, pool, address),
    )
    .reduce((sum, { connections }) => sum + connections, 0);
  return [{ pool, backends, connectionsDraining, explanation: `${now.explanation}${warning}` }];
}

function predicted(state: State, name: string, fleet: FleetFacts): PredictedShares {
  const [pool, policy] = [state.pools.get(name), policyOf(state, name)];
  return pool && policy ? predictShares(pool, policy, fleet) : { shares: new Map(), explanation: '' };
}

/** What a wrong port or a wrong path would do: the prediction goes by what the check before has found. */
function untriedCheck(before: Policy | undefined, after: Policy | undefined): string {
  if (before === undefined || after === undefined || after.healthCheck.type === 'none') return '';
  const [old, now] = [before, after].map((policy) => {
    const { type, port, http, tls, script, proxyProtocol } = policy.healthCheck;
    return canonicalJson([type, port, http, tls, script, proxyProtocol, refusesWhenNoneHealthy(policy)]);
  });
  if (old === now) return '';
  const then = refusesWhenNoneHealthy(after) ? 'new connections are refused' : 'all of them are used';
  return ` The check changes, and no proxy has tried it: while no backend passes, ${then}.`;
}

/** A backend with weight 0 keeps its connections; a removed, draining or disabled one does not. */
function takesConnections(state: State, pool: string, address: string): boolean {
  return state.pools.get(pool)?.backends.get(address)?.value.state === 'active';
}
