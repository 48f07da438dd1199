/**
 * State and registrations → the state that proxies run. Pure.
 *
 * Invariants
 *  - the state that comes out is valid when the one that goes in is: a registration that would break it stays out;
 *  - what is configured wins over what is registered under the same address;
 *  - every registration has its place, in words where it is not in the pool;
 *  - without registrations, the state is given back as it is.
 */
import type { Change } from '../../../core/model/commit.ts';
import { applyChanges } from '../../../core/model/fold.ts';
import { didYouMean } from '../../../core/model/nearest.ts';
import type { RegistrationSource } from '../../../core/model/registration.ts';
import type { Backend } from '../../../core/model/resources.ts';
import type { State } from '../../../core/model/state.ts';
import { pathOf, validateChanges } from '../../../core/model/validate.ts';
import type { Violation } from '../../../core/model/violation.ts';
import { isRegistration, type Member, type Registration } from '../member-store.ts';

export interface Place {
  readonly member: Member<Registration>;
  readonly source: RegistrationSource;
  /** Why it is not `registered`, in words; empty when it is. */
  readonly reason: string;
}

export interface Merged {
  readonly state: State;
  readonly places: readonly Place[];
}

/** The backend that each registration stands for, made once: equal references mean equal backends. */
const backends = new WeakMap<Registration, Backend>();

/** The last merge into each state. Only a cache: it changes what a merge costs, never what it returns. */
const merges = new WeakMap<State, { readonly members: readonly Member[]; readonly merged: Merged }>();

export function mergeMembers(state: State, members: readonly Member[]): Merged {
  const known = merges.get(state);
  if (known?.members === members) return known.merged;
  const merged = merge(state, members);
  merges.set(state, { members, merged });
  return merged;
}

function merge(state: State, members: readonly Member[]): Merged {
  const registrations = members.filter(isRegistration);
  if (registrations.length === 0) return { state, places: [] };
  const wanted = registrations.filter(({ value }) => whyOut(state, value) === undefined);
  const violations = violationsOf(state, wanted);
  const places = registrations.map((member): Place => {
    const out = whyOut(state, member.value);
    if (out !== undefined) return { member, ...out };
    const violation = violations.get(member.name);
    if (violation !== undefined) return { member, source: 'ignored', reason: inWords(violation) };
    return { member, source: 'registered', reason: '' };
  });
  const merged = places.filter(({ source }) => source === 'registered').map(({ member }) => member);
  return { state: applyChanges(state, merged.map(changeOf), state.head.revision), places };
}

/** The backend of a registration. One that is expiring is kept as it was: health checks decide. */
export function backendOf(registration: Registration): Backend {
  const known = backends.get(registration);
  if (known !== undefined) return known;
  const { pool, address, weight, state } = registration;
  const backend: Backend = { pool, address, weight, state: state === 'draining' ? 'draining' : 'active' };
  backends.set(registration, backend);
  return backend;
}

function whyOut(state: State, { pool, address }: Registration): Omit<Place, 'member'> | undefined {
  const found = state.pools.get(pool);
  if (found === undefined) {
    const hint = didYouMean(pool, state.pools.keys());
    return { source: 'ignored', reason: `there is no pool "${pool}"${hint}` };
  }
  if (!found.backends.has(address)) return undefined;
  return { source: 'shadowed', reason: `the pool "${pool}" has ${address} configured, and that one counts` };
}

/** The first violation of each that would bring one, by name. */
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

function inWords({ field, description }: Violation): string {
  return `${field} ${description}`;
}
