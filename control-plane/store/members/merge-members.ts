/**
 * State and registrations → the state that proxies run. Pure.
 *
 * Invariants
 *  - a valid state stays valid: a registration that would break it is left out;
 *  - a configured backend wins over a registration of the same address;
 *  - every registration gets a status, with a reason where it is not in the pool;
 *  - without registrations the state is returned as it is.
 */
import type { Change } from '../../../core/model/commit.ts';
import { applyChanges } from '../../../core/model/fold.ts';
import { didYouMean } from '../../../core/model/did-you-mean.ts';
import type { RegistrationSource } from '../../../core/model/resources.ts';
import type { Backend } from '../../../core/model/resources.ts';
import type { State } from '../../../core/model/state.ts';
import { pathOf, validateChanges } from '../../../core/model/validate.ts';
import { type Violation, violationText } from '../../../core/model/violation.ts';
import { isRegistration, type Member, type Registration } from '../member-store.ts';

export interface RegistrationStatus {
  readonly member: Member<Registration>;
  readonly source: RegistrationSource;
  /** Why it is not `registered`; empty when it is. */
  readonly reason: string;
}

export interface MergedState {
  readonly state: State;
  readonly registrations: readonly RegistrationStatus[];
}

/** The backend of each registration, made once: equal references mean equal backends. */
const backends = new WeakMap<Registration, Backend>();

/** The last merge into each state. Only a cache: it changes what a merge costs, never what it returns. */
const merges = new WeakMap<State, { readonly members: readonly Member[]; readonly merged: MergedState }>();

export function mergeMembers(state: State, members: readonly Member[]): MergedState {
  const cached = merges.get(state);
  if (cached?.members === members) return cached.merged;
  const merged = merge(state, members.filter(isRegistration));
  merges.set(state, { members, merged });
  return merged;
}

function merge(state: State, members: readonly Member<Registration>[]): MergedState {
  if (members.length === 0) return { state, registrations: [] };
  const candidates = members.filter(({ value }) => whyLeftOut(state, value) === undefined);
  const violations = violationsOf(state, candidates);
  const registrations = members.map((member): RegistrationStatus => {
    const leftOut = whyLeftOut(state, member.value);
    if (leftOut !== undefined) return { member, ...leftOut };
    const violation = violations.get(member.name);
    if (violation === undefined) return { member, source: 'registered', reason: '' };
    return { member, source: 'ignored', reason: violationText(violation) };
  });
  const merged = registrations.filter(({ source }) => source === 'registered');
  const changes = merged.map(({ member }) => changeOf(member));
  return { state: applyChanges(state, changes, state.head.revision), registrations };
}

/** The backend of a registration. An expiring one stays active: health checks decide about its traffic. */
export function backendOf(registration: Registration): Backend {
  const cached = backends.get(registration);
  if (cached !== undefined) return cached;
  const { pool, address, weight, state } = registration;
  const backend: Backend = { pool, address, weight, state: state === 'draining' ? 'draining' : 'active' };
  backends.set(registration, backend);
  return backend;
}

function whyLeftOut(
  state: State,
  { pool, address }: Registration,
): Omit<RegistrationStatus, 'member'> | undefined {
  const found = state.pools.get(pool);
  if (found === undefined) {
    const hint = didYouMean(pool, state.pools.keys());
    return { source: 'ignored', reason: `there is no pool "${pool}"${hint}` };
  }
  if (!found.backends.has(address)) return undefined;
  return {
    source: 'shadowed',
    reason: `${address} is also configured in the pool "${pool}", and the configuration wins`,
  };
}

/** The first violation that each registration would cause, by the member's name. */
function violationsOf(state: State, members: readonly Member<Registration>[]): Map<string, Violation> {
  const changes = members.map(changeOf);
  const violations = validateChanges(applyChanges(state, changes, state.head.revision), changes);
  const found = new Map<string, Violation>();
  if (violations.length === 0) return found;
  for (const member of members) {
    const path = pathOf({ kind: 'backend', value: backendOf(member.value) });
    const own = violations.find(({ field }) => field === path || field.startsWith(`${path}.`));
    if (own !== undefined) found.set(member.name, own);
  }
  return found;
}

function changeOf({ value }: Member<Registration>): Change {
  return { op: 'put', resource: { kind: 'backend', value: backendOf(value) } };
}
