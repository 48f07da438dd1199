/**
 * State, registrations and addresses of names → the state that proxies run. Pure.
 *
 * Invariants
 *  - a valid state stays valid: what would break it is left out;
 *  - of one address in a pool, the configured backend wins, then the registered one, then that of the name listed first;
 *  - every registration gets a status, with a reason where it is not in the pool;
 *  - without any of them the state is returned as it is.
 */
import type { Change } from '../../../core/model/commit.ts';
import { applyChanges } from '../../../core/model/fold.ts';
import { LIMITS } from '../../../core/model/limits.ts';
import { didYouMean } from '../../../core/model/did-you-mean.ts';
import { BACKEND_DEFAULTS } from '../../../core/model/defaults.ts';
import type { Backend, DnsEntry, RegistrationSource } from '../../../core/model/resources.ts';
import type { State } from '../../../core/model/state.ts';
import { pathOf, validateChanges } from '../../../core/model/validate.ts';
import { type Violation, violationText } from '../../../core/model/violation.ts';
import {
  type DnsAddress,
  type DnsAnswer,
  isDnsAnswer,
  isRegistration,
  type Member,
  type Registration,
} from '../member-store.ts';

export interface RegistrationStatus {
  readonly member: Member<Registration>;
  readonly source: RegistrationSource;
  /** Why it is not `registered`; empty when it is. */
  readonly reason: string;
}

export interface ResolvedName {
  readonly answer: DnsAnswer;
  /** Those of its addresses that are in the pool. */
  readonly backends: readonly Backend[];
  /** What is wrong with it; empty: nothing. */
  readonly problem: string;
}

export interface MergedState {
  readonly state: State;
  readonly registrations: readonly RegistrationStatus[];
  readonly names: readonly ResolvedName[];
}

const NO_NAMES: readonly ResolvedName[] = [];

/** The backend of each registration, made once: equal references mean equal backends. */
const backends = new WeakMap<Registration, Backend>();

/** The last merge into each state. Only a cache: it changes what a merge costs, never what it returns. */
const merges = new WeakMap<State, { readonly members: readonly Member[]; readonly merged: MergedState }>();

export function mergeMembers(state: State, members: readonly Member[]): MergedState {
  const cached = merges.get(state);
  if (cached?.members === members) return cached.merged;
  const registered = merge(state, members.filter(isRegistration));
  const merged = mergeNames(registered, members.filter(isDnsAnswer));
  merges.set(state, { members, merged });
  return merged;
}

/** Weight, tier and limit are those of the entry now, so that they change without a new answer. */
function mergeNames(merged: MergedState, answers: readonly Member<DnsAnswer>[]): MergedState {
  if (answers.length === 0) return merged;
  const answerOf = new Map(answers.map(({ name, value }) => [name, value]));
  const taken = new Set<string>();
  const names: ResolvedName[] = [];
  let room: number = LIMITS.addresses;
  for (const { value: pool, backends: own } of merged.state.pools.values()) {
    for (const entry of pool.dns ?? []) {
      const answer = answerOf.get(`dns/${pool.name}/${entry.name}`);
      if (answer === undefined) continue;
      const free = answer.addresses.filter(({ address }) => {
        const key = `${pool.name}/${address}`;
        return !own.has(address) && !taken.has(key) && taken.add(key);
      });
      const used = free.slice(0, room);
      room -= used.length;
      const backends = used.map((each) => namedBackend(pool.name, entry, each));
      names.push({ answer, backends, problem: answer.problem ?? (used.length < free.length ? NO_ROOM : '') });
    }
  }
  const { state } = merged;
  const all = names.flatMap(({ backends: found }) => found.map(putting));
  const wrong = firstByPath(validateChanges(applyChanges(state, all, state.head.revision), all));
  const right = names.map((each): ResolvedName => {
    const isWrong = (backend: Backend) => wrong.has(pathOf({ kind: 'backend', value: backend }));
    const first = each.backends.find(isWrong);
    if (first === undefined) return each;
    const why = violationText(wrong.get(pathOf({ kind: 'backend', value: first }))!);
    return {
      ...each,
      backends: each.backends.filter((backend) => !isWrong(backend)),
      problem: [each.problem, `an address is left out: ${why}`].filter(Boolean).join('; '),
    };
  });
  const changes = right.flatMap(({ backends: found }) => found.map(putting));
  return { ...merged, state: applyChanges(state, changes, state.head.revision), names: right };
}

const NO_ROOM = `some of its addresses are left out: all names together may lead to ${LIMITS.addresses}`;

function putting(backend: Backend): Change {
  return { op: 'put', resource: { kind: 'backend', value: backend } };
}

/** The first violation of each backend, by its path: that of the backend itself, or of a field of it. */
function firstByPath(violations: readonly Violation[]): ReadonlyMap<string, Violation> {
  const found = new Map<string, Violation>();
  for (const violation of violations) {
    const path = violation.field.slice(0, violation.field.lastIndexOf(']') + 1);
    if (!found.has(path)) found.set(path, violation);
  }
  return found;
}

/** Made once: equal references mean equal backends. */
const namedBackends = new WeakMap<DnsAddress, WeakMap<DnsEntry, Backend>>();

function namedBackend(pool: string, entry: DnsEntry, found: DnsAddress): Backend {
  const made = namedBackends.get(found) ?? new WeakMap<DnsEntry, Backend>();
  namedBackends.set(found, made);
  const cached = made.get(entry);
  if (cached !== undefined) return cached;
  const tier = found.tier ?? entry.tier;
  const { maxConnections } = entry;
  const backend: Backend = {
    pool,
    address: found.address,
    weight: found.weight ?? entry.weight ?? BACKEND_DEFAULTS.weight,
    state: 'active',
    ...(tier && { tier }),
    ...(maxConnections && { maxConnections }),
  };
  made.set(entry, backend);
  return backend;
}

function merge(state: State, members: readonly Member<Registration>[]): MergedState {
  if (members.length === 0) return { state, registrations: [], names: NO_NAMES };
  const candidates = members.filter(({ value }) => whyLeftOut(state, value) === undefined);
  const all = candidates.map(changeOf);
  const violations = firstByPath(validateChanges(applyChanges(state, all, state.head.revision), all));
  const registrations = members.map((member): RegistrationStatus => {
    const leftOut = whyLeftOut(state, member.value);
    if (leftOut !== undefined) return { member, ...leftOut };
    const violation = violations.get(pathOf({ kind: 'backend', value: backendOf(member.value) }));
    if (violation === undefined) return { member, source: 'registered', reason: '' };
    return { member, source: 'ignored', reason: violationText(violation) };
  });
  const merged = registrations.filter(({ source }) => source === 'registered');
  const changes = merged.map(({ member }) => changeOf(member));
  return { state: applyChanges(state, changes, state.head.revision), registrations, names: NO_NAMES };
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

function changeOf({ value }: Member<Registration>): Change {
  return putting(backendOf(value));
}
