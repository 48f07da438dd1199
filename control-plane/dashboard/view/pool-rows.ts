/** Pools: a line each for the overview, and one of them with its backends. Pure. */
import type { ResolvedName } from '../../store/members/merge-members.ts';
import { type Backend, LEADS_BACK, type Policy, poolsOf } from '../../../core/model/resources.ts';
import { policyOf, type State, type StoredPool } from '../../../core/model/state.ts';
import { passing } from '../../../core/view/backends.ts';
import { expectation, noneHealthyText } from '../../../core/view/policy-words.ts';
import { otherFields, plainOf } from '../../../core/view/plain.ts';
import { type BackendSummary, UNREPORTED } from '../../../core/view/reports.ts';
import { notable, type Serving, servingText } from '../../../core/view/serving.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { cut } from './rows.ts';

const MAX_BACKENDS = 500;
/** Proxies that see a backend as down mostly have the same reason. */
const MAX_COMPLAINTS = 5;

/** Whether a backend takes connections. `unseen`: no connected proxy reports it. */
export type Availability =
  | 'up'
  | 'partly up'
  | 'down'
  | 'not checked yet'
  | 'unseen'
  | 'draining'
  | 'disabled';

/** A backend with what the proxies report of it. */
export interface PoolBackend {
  readonly backend: Backend;
  /** The commit that last changed it. */
  readonly revision: number;
  readonly summary: BackendSummary;
  readonly availability: Availability;
  /** When its state last changed; null: not known. */
  readonly stateSinceMs: number | null;
}

export function backendsOf({ backends }: StoredPool, fleet: FleetSummary): readonly PoolBackend[] {
  return [...backends.values()].map(({ value: backend, revision, stateSinceMs = null }) => {
    const summary = fleet.backends.get(`${backend.pool}/${backend.address}`) ?? UNREPORTED;
    return { backend, revision, summary, availability: availabilityOf(backend.state, summary), stateSinceMs };
  });
}

/** Disabled ones are not checked; draining ones are, but take no new connections whatever the checks say. */
function availabilityOf(state: Backend['state'], { health }: BackendSummary): Availability {
  if (state !== 'active') return state;
  const down = health.unhealthy + health.ejected;
  if (health.healthy > 0) return down > 0 ? 'partly up' : 'up';
  if (down > 0) return 'down';
  return health.unknown > 0 ? 'not checked yet' : 'unseen';
}

/**
 * No backend of weight above 0 is healthy, so proxies use all that are active. While one is not checked yet it is too early
 * to say.
 */
export function inPanic(all: readonly PoolBackend[]): boolean {
  const used = all.filter(isUsed);
  return used.length > 0 && used.every(({ availability }) => availability === 'down');
}

/** Whether proxies give it connections if its health allows it. */
export function isUsed(one: PoolBackend): boolean {
  const { state, weight } = one.backend;
  return state === 'active' && weight > 0 && loopOf(one) === undefined;
}

/** What a proxy says of a backend that is a listener of the fleet. */
export function loopOf({ summary }: PoolBackend): string | undefined {
  return summary.complaints.find(({ reason }) => reason.startsWith(LEADS_BACK))?.reason;
}

function isUp({ availability }: PoolBackend): boolean {
  return availability === 'up' || availability === 'partly up';
}

export function countAvailabilities(backends: readonly PoolBackend[]): Partial<Record<Availability, number>> {
  const counts: Partial<Record<Availability, number>> = {};
  for (const { availability } of backends) counts[availability] = (counts[availability] ?? 0) + 1;
  return counts;
}

export function poolSummary(
  pool: StoredPool,
  state: State,
  backends: readonly PoolBackend[],
  serving: readonly Serving[],
) {
  const policy = policyOf(state, pool.value.name);
  return {
    ...standing(pool, policy, backends, notable(serving)),
    backends: backends.length,
    availabilities: countAvailabilities(backends),
    connections: isKnown(backends)
      ? backends.reduce((sum, { summary }) => sum + summary.connections, 0)
      : null,
  };
}

/** What a line and a page have: how many are up, against what the policy expects, and which tier serves. */
function standing(
  { value, revision }: StoredPool,
  policy: Policy | undefined,
  backends: readonly PoolBackend[],
  serving: readonly Serving[],
) {
  const up = upOf(backends);
  const isNone = inPanic(backends);
  const told = isNone ? serving.filter((one) => !one.noneHealthy) : serving;
  return {
    name: value.name,
    revision,
    policy: value.policy,
    strategy: policy?.strategy ?? '',
    up,
    expected: up === null ? null : expectation(policy, passing(backends).length),
    /** In words; null: some backend passes the check, or it is too early to say. */
    noneHealthy: isNone ? noneHealthyText(policy) : null,
    serving: told.map((one) => ({ text: servingText(one, policy), sinceMs: one.sinceMs })),
  };
}

/** Whether any connected proxy says something about them. */
function isKnown(backends: readonly PoolBackend[]): boolean {
  return backends.length === 0 || backends.some(({ summary }) => summary !== UNREPORTED);
}

/** Null: not known. */
function upOf(backends: readonly PoolBackend[]): number | null {
  return isKnown(backends) ? backends.filter(isUp).length : null;
}

/** `configured`: the same pool with nothing but its configured backends. */
export function poolPage(
  pool: StoredPool,
  { configured, names }: { configured: StoredPool | undefined; names: readonly ResolvedName[] },
  state: State,
  backends: readonly PoolBackend[],
  serving: readonly Serving[],
) {
  const { name, policy } = pool.value;
  return {
    ...standing(pool, policyOf(state, name), backends, serving),
    /** Pools that share the policy, this one included: a change of it changes them all. */
    policyUsers: [...state.pools.values()].filter(({ value }) => value.policy === policy).length,
    fields: otherFields(plainOf(pool.value), ['name', 'policy']),
    listeners: listenersOf(name, state),
    backends: cut(backends, MAX_BACKENDS, ({ backend, summary, ...rest }) => {
      const { pool: _, ...fields } = backend;
      const isOwn = ({ address }: Backend) => address === backend.address;
      const dns = names.find((each) => each.backends.some(isOwn))?.answer.name ?? null;
      const isConfigured = configured?.backends.has(backend.address) !== false;
      const source = isConfigured ? 'configured' : dns === null ? 'registered' : 'dns';
      const complaints = summary.complaints.slice(0, MAX_COMPLAINTS);
      const moreComplaints = summary.complaints.length - complaints.length;
      const connections = summary === UNREPORTED ? null : summary.connections;
      return { ...fields, ...rest, source, dns, ...summary, connections, complaints, moreComplaints };
    }),
  };
}

export function listenersOf(pool: string, { listeners }: State) {
  return [...listeners.values()]
    .filter(({ value }) => poolsOf(value).includes(pool))
    .map(({ value: { name, address } }) => ({ name, address }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
