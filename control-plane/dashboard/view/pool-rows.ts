/** Pools: a line each for the overview, and one of them with its backends. Pure. */
import type { Backend } from '../../../core/model/resources.ts';
import type { State, StoredPool } from '../../../core/model/state.ts';
import { type Complaint, type Observed, type SeenBackend, UNSEEN_BACKEND } from './observed.ts';
import { cut, type Rows } from './rows.ts';

const MAX_BACKENDS = 500;
/** A fleet that finds a backend down mostly agrees why. */
const MAX_COMPLAINTS = 5;

/** What a backend is to the traffic. `unseen`: no connected proxy reports it. */
export type Standing = 'up' | 'partly up' | 'down' | 'not checked yet' | 'unseen' | 'draining' | 'disabled';

export interface PoolSummary {
  readonly name: string;
  readonly policy: string;
  readonly strategy: string;
  readonly listeners: readonly string[];
  readonly backends: number;
  readonly up: number;
  /** Of all backends. */
  readonly standings: Readonly<Partial<Record<Standing, number>>>;
  readonly connections: number;
}

export interface BackendRow {
  readonly address: string;
  readonly weight: number;
  readonly state: Backend['state'];
  readonly standing: Standing;
  /** `configured`, or `registered` by itself. */
  readonly source: 'configured' | 'registered';
  /** The commit that last changed it. */
  readonly revision: number;
  readonly health: SeenBackend['health'];
  readonly complaints: readonly Complaint[];
  readonly moreComplaints: number;
  readonly connections: number;
}

export interface PoolPage {
  readonly name: string;
  /** Of all backends, however many are shown. */
  readonly up: number;
  readonly revision: number;
  readonly policy: string;
  readonly policyRevision: number;
  /** Pools that share the policy, this one included: a change of it changes them all. */
  readonly policyUsers: number;
  readonly strategy: string;
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly backends: Rows<BackendRow>;
}

/** Disabled ones are not checked; draining ones are, but take nothing new whatever the checks say. */
export function standingOf(state: Backend['state'], { health }: SeenBackend): Standing {
  if (state !== 'active') return state;
  const down = health.unhealthy + health.ejected;
  if (health.healthy > 0) return down > 0 ? 'partly up' : 'up';
  if (down > 0) return 'down';
  return health.unknown > 0 ? 'not checked yet' : 'unseen';
}

export function isUp(standing: Standing): boolean {
  return standing === 'up' || standing === 'partly up';
}

export function seenOf({ backends }: Observed, { pool, address }: Backend): SeenBackend {
  return backends.get(`${pool}/${address}`) ?? UNSEEN_BACKEND;
}

export function poolSummary({ value, backends }: StoredPool, state: State, seen: Observed): PoolSummary {
  const standings: Partial<Record<Standing, number>> = {};
  let up = 0;
  let connections = 0;
  for (const { value: backend } of backends.values()) {
    const found = seenOf(seen, backend);
    const standing = standingOf(backend.state, found);
    standings[standing] = (standings[standing] ?? 0) + 1;
    connections += found.connections;
    if (isUp(standing)) up += 1;
  }
  return {
    name: value.name,
    policy: value.policy,
    strategy: state.policies.get(value.policy)?.value.strategy ?? '',
    listeners: listenersOf(value.name, state).map(({ name }) => name),
    backends: backends.size,
    up,
    standings,
    connections,
  };
}

/** `configured`: the same pool without the backends that registered themselves. */
export function poolPage(
  { value, revision, backends }: StoredPool,
  configured: StoredPool | undefined,
  state: State,
  seen: Observed,
): PoolPage {
  const policy = state.policies.get(value.policy);
  const all = [...backends.values()];
  return {
    name: value.name,
    up: all.filter((one) => isUp(standingOf(one.value.state, seenOf(seen, one.value)))).length,
    revision,
    policy: value.policy,
    policyRevision: policy?.revision ?? 0,
    policyUsers: [...state.pools.values()].filter((pool) => pool.value.policy === value.policy).length,
    strategy: policy?.value.strategy ?? '',
    listeners: listenersOf(value.name, state),
    backends: cut(all, MAX_BACKENDS, (stored) => {
      const found = seenOf(seen, stored.value);
      return {
        address: stored.value.address,
        weight: stored.value.weight,
        state: stored.value.state,
        standing: standingOf(stored.value.state, found),
        source: configured?.backends.has(stored.value.address) === false ? 'registered' : 'configured',
        revision: stored.revision,
        health: found.health,
        complaints: found.complaints.slice(0, MAX_COMPLAINTS),
        moreComplaints: Math.max(0, found.complaints.length - MAX_COMPLAINTS),
        connections: found.connections,
      };
    }),
  };
}

export function listenersOf(pool: string, { listeners }: State) {
  return [...listeners.values()]
    .filter(({ value }) => value.pool === pool)
    .map(({ value: { name, address } }) => ({ name, address }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
