/**
 * What becomes of registrations whose lease has ended, as a pure machine: (state, look) → {state, effects}.
 *
 * The store only takes the sign of life away; each replica runs this machine on what it sees, and writes what it decides,
 * comparing tokens. Whoever is first decides for all, so every replica serves the same (docs/adr/0017).
 *
 * Invariants
 *  - nothing is decided on a look that is old, nor at once after a gap in the looks: callers need time to come back;
 *  - a lost one leaves a third of its ttl after its lease has ended, so that those lost together are seen together;
 *  - when more than half of a pool's registrations (two at least) are lost within one ttl, those that are left are held
 *    for five minutes instead; a lone one among many never is.
 */
import type { Member, Registration } from '../member-store.ts';

export const HOLD_MS = 5 * 60_000;
/** Callers open another stream within 2 s, their longest backoff. */
const COME_BACK_MS = 5_000;
/** Looks come every second or more often. */
const GAP_MS = 3_000;

type Registered = Member<Registration>;

interface Dead {
  readonly name: string;
  readonly pool: string;
  readonly ttlMs: number;
  readonly sinceMs: number;
  /** When it has been dead for long enough to be believed. */
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
  /** Those that were dead and are there no more, for as long as they count. */
  readonly gone: readonly Gone[];
  readonly lookedMs: number;
}

export interface ExpiryLook {
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
      /** Of how many registrations of its pool how many were lost. */
      readonly lost: number;
      readonly of: number;
    };

export const NOTHING_SEEN: ExpiryState = { dead: new Map(), gone: [], lookedMs: Number.NEGATIVE_INFINITY };

export function stepExpiry(
  before: ExpiryState,
  look: ExpiryLook,
): { readonly state: ExpiryState; readonly effects: readonly ExpiryEffect[] } {
  const state = remember(before, look);
  const effects: ExpiryEffect[] = [];
  const pools = new Map<string, Registered[]>();
  for (const member of look.registrations) {
    const members = pools.get(member.value.pool) ?? [];
    members.push(member);
    pools.set(member.value.pool, members);
  }
  for (const members of pools.values()) effects.push(...judgePool(state, members, look));
  return { state, effects };
}

function remember(before: ExpiryState, { registrations, nowMs }: ExpiryLook): ExpiryState {
  const afterGap = nowMs - before.lookedMs > GAP_MS;
  const dead = new Map<number, Dead>();
  for (const member of registrations) {
    const { token, name, value } = member;
    if (!isDead(member)) continue;
    const settleMs = Math.max(value.ttlMs / 3, afterGap ? COME_BACK_MS : 0);
    const known = afterGap ? undefined : before.dead.get(token);
    const { pool, ttlMs } = value;
    dead.set(token, known ?? { name, pool, ttlMs, sinceMs: nowMs, settledMs: nowMs + settleMs });
  }
  const here = new Set(registrations.map(({ name }) => name));
  const newlyGone = [...before.dead.values()].filter(({ name }) => !here.has(name));
  const gone = [...before.gone, ...newlyGone.map(({ name, pool }) => ({ name, pool, atMs: nowMs }))];
  return { dead, gone: gone.filter(({ name }) => !here.has(name)), lookedMs: nowMs };
}

function judgePool(state: ExpiryState, members: readonly Registered[], look: ExpiryLook): ExpiryEffect[] {
  const { nowMs, wallMs } = look;
  const effects: ExpiryEffect[] = members.flatMap((member): ExpiryEffect[] => {
    const { value, alive } = member;
    if (value.state === 'draining' && !alive) {
      return [{ type: 'remove', member, why: 'its lease ended while it drained' }];
    }
    const isOver = value.state === 'expiring' && wallMs >= (value.heldUntilMs ?? 0);
    return isOver ? [{ type: 'remove', member, why: 'it did not come back while it was held' }] : [];
  });
  const dead = members.filter(isDead);
  const settled = dead.filter(({ token }) => nowMs >= (state.dead.get(token)?.settledMs ?? nowMs));
  if (settled.length === 0) return effects;
  const windowMs = Math.max(...dead.map(({ value }) => value.ttlMs));
  const pool = members[0]?.value.pool;
  const gone = state.gone.filter((one) => one.pool === pool && nowMs - one.atMs <= windowMs).length;
  const held = members.filter(({ value }) => heldSince(value) >= wallMs - windowMs).length;
  const counted = members.filter(({ value }) => value.state !== 'draining').length;
  const [lost, of] = [dead.length + gone + held, counted + gone];
  if (lost >= 2 && lost * 2 > of) {
    const untilMs = wallMs + HOLD_MS;
    return [...effects, ...dead.map((member) => ({ type: 'hold', member, untilMs, lost, of }) as const)];
  }
  const why = 'its lease has ended';
  return [...effects, ...settled.map((member) => ({ type: 'remove', member, why }) as const)];
}

function isDead({ alive, value }: Registered): boolean {
  return !alive && value.state === 'active';
}

function heldSince({ state, heldUntilMs }: Registration): number {
  return state === 'expiring' ? (heldUntilMs ?? 0) - HOLD_MS : Number.NEGATIVE_INFINITY;
}
