/**
 * What becomes of registrations whose lease has ended, as a pure machine: (state, input) → {state, effects}.
 *
 * The end of a lease only marks a member as dead; every replica runs this machine on what it reads and writes what it
 * decides, comparing tokens. The first one to write decides for all, so all replicas serve the same (docs/adr/0017).
 *
 * Invariants
 *  - nothing is decided right after a gap between two reads: callers need time to come back;
 *  - a lost registration leaves a third of its ttl after its lease has ended, so that those lost together are judged
 *    together;
 *  - when more than half of a pool's registrations (two at least) are lost within one ttl, the remaining dead ones are
 *    held for five minutes instead; a single one is never held.
 */
import { REGISTRATION_TTL_MS } from '../../../core/model/limits.ts';
import type { Member, Registration } from '../member-store.ts';

export const HOLD_MS = 5 * 60_000;
/** Callers open a new stream within 2 s, their longest backoff. */
const COME_BACK_MS = 5_000;
/** The store is read every second or more often. */
const GAP_MS = 3_000;

type Registered = Member<Registration>;

interface Dead {
  readonly name: string;
  readonly pool: string;
  /** When it has been dead for long enough to be acted on. */
  readonly settledMs: number;
}

interface Gone {
  readonly name: string;
  readonly pool: string;
  readonly atMs: number;
}

export interface ExpiryState {
  /** By token. */
  readonly dead: ReadonlyMap<number, Dead>;
  /** Those that were dead and have been removed since, for as long as they count. */
  readonly gone: readonly Gone[];
  /** By token of a held one: when its hold is over, by the time that only goes forward. */
  readonly held: ReadonlyMap<number, number>;
  readonly readMs: number;
}

export interface ExpiryInput {
  readonly registrations: readonly Registered[];
  readonly nowMs: number;
  readonly wallMs: number;
}

export type ExpiryEffect =
  | { readonly type: 'remove'; readonly member: Registered; readonly why: string }
  | {
      readonly type: 'hold';
      readonly member: Registered;
      readonly untilMs: number;
      /** How many registrations of its pool were lost, and of how many. */
      readonly lost: number;
      readonly of: number;
    };

export const NOTHING_SEEN: ExpiryState = {
  dead: new Map(),
  gone: [],
  held: new Map(),
  readMs: Number.NEGATIVE_INFINITY,
};

export function stepExpiry(
  before: ExpiryState,
  input: ExpiryInput,
): { readonly state: ExpiryState; readonly effects: readonly ExpiryEffect[] } {
  const state = remember(before, input);
  const pools = new Map<string, Registered[]>();
  for (const member of input.registrations) {
    const { pool } = member.value;
    const others = pools.get(pool);
    if (others === undefined) pools.set(pool, [member]);
    else others.push(member);
  }
  const effects = [...pools].flatMap(([pool, members]) => judgePool(state, pool, members, input));
  return { state, effects };
}

function remember(before: ExpiryState, { registrations, nowMs, wallMs }: ExpiryInput): ExpiryState {
  const afterGap = nowMs - before.readMs > GAP_MS;
  const dead = new Map<number, Dead>();
  for (const { token, name, value } of registrations.filter(isDead)) {
    const settleMs = Math.max(value.ttlMs / 3, afterGap ? COME_BACK_MS : 0);
    const known = afterGap ? undefined : before.dead.get(token);
    dead.set(token, known ?? { name, pool: value.pool, settledMs: nowMs + settleMs });
  }
  const here = new Set(registrations.map(({ name }) => name));
  const newlyGone = Array.from(before.dead.values(), ({ name, pool }) => ({ name, pool, atMs: nowMs }));
  const gone = [...before.gone, ...newlyGone].filter(
    ({ name, atMs }) => !here.has(name) && nowMs - atMs <= REGISTRATION_TTL_MS.max,
  );
  const held = new Map<number, number>();
  for (const { token, value } of registrations) {
    if (value.state !== 'expiring') continue;
    // However far a clock that was set back since says that it is.
    const leftMs = Math.min((value.heldUntilMs ?? 0) - wallMs, HOLD_MS);
    held.set(token, before.held.get(token) ?? nowMs + leftMs);
  }
  return { dead, gone, held, readMs: nowMs };
}

function judgePool(
  state: ExpiryState,
  pool: string,
  members: readonly Registered[],
  { nowMs, wallMs }: ExpiryInput,
): ExpiryEffect[] {
  const remove = (member: Registered, why: string): ExpiryEffect => ({ type: 'remove', member, why });
  const effects = members.flatMap((member): ExpiryEffect[] => {
    const { value, alive } = member;
    if (value.state === 'draining' && !alive) return [remove(member, 'its lease ended while it drained')];
    const isOver = nowMs >= (state.held.get(member.token) ?? Number.POSITIVE_INFINITY);
    return isOver ? [remove(member, 'it did not come back while it was held')] : [];
  });
  const dead = members.filter(isDead);
  const settled = dead.filter(({ token }) => nowMs >= (state.dead.get(token)?.settledMs ?? nowMs));
  if (settled.length === 0) return effects;
  const windowMs = Math.max(...dead.map(({ value }) => value.ttlMs));
  const gone = state.gone.filter((each) => each.pool === pool && nowMs - each.atMs <= windowMs).length;
  const held = members.filter(({ value }) => heldSince(value) >= wallMs - windowMs).length;
  const counted = members.filter(({ value }) => value.state !== 'draining').length;
  const [lost, of] = [dead.length + gone + held, counted + gone];
  if (lost >= 2 && lost * 2 > of) {
    const untilMs = wallMs + HOLD_MS;
    return [...effects, ...dead.map((member) => ({ type: 'hold', member, untilMs, lost, of }) as const)];
  }
  return [...effects, ...settled.map((member) => remove(member, 'its lease has ended'))];
}

function isDead({ alive, value }: Registered): boolean {
  return !alive && value.state === 'active';
}

function heldSince({ state, heldUntilMs }: Registration): number {
  return state === 'expiring' ? (heldUntilMs ?? 0) - HOLD_MS : Number.NEGATIVE_INFINITY;
}
