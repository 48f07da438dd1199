/**
 * When a name is resolved, and what becomes of its addresses, as a pure machine: (state, event) → state.
 *
 * Invariants
 *  - an answer that failed, is late or empty changes no address; a family that could not be asked keeps its own;
 *  - when more than half of the addresses (two at least) are gone at once, they are held for five minutes beside the new
 *    ones, and health checks decide about their traffic; a single one is never held;
 *  - a name is asked for at most once in NUDGE_MS, however often its backends fail.
 */
import type { DnsAddress, DnsAnswer } from '../store/member-store.ts';
import type { Resolved } from './name-resolver.ts';

/** More addresses than this of one name are left out: first those that are held. */
export const MAX_ADDRESSES = 256;
const HOLD_MS = 5 * 60_000;
/** Between two tries while a name can't be resolved. */
const RETRY_MS = 2_000;
const NUDGE_MS = 1_000;

/** What is known of a name, as its record has it. */
export type Known = Pick<DnsAnswer, 'addresses' | 'problem' | 'heldUntilMs'>;

export interface NameState {
  readonly known: Known;
  /** When to ask again, and when it was asked last. */
  readonly dueMs: number;
  readonly askedMs: number;
}

export type NameEvent =
  | { readonly type: 'resolved'; readonly resolved: Resolved }
  /** A backend of the name has failed its checks. */
  | { readonly type: 'doubted' };

export const UNKNOWN: Known = { addresses: [] };

export function newName(known: Known): NameState {
  return { known, dueMs: Number.NEGATIVE_INFINITY, askedMs: Number.NEGATIVE_INFINITY };
}

interface Times {
  /** Monotonic. */
  readonly nowMs: number;
  /** Since 1970, as records have it. */
  readonly wallMs: number;
}

export function stepName(state: NameState, event: NameEvent, { nowMs, wallMs }: Times): NameState {
  if (event.type === 'doubted') {
    return { ...state, dueMs: Math.min(state.dueMs, state.askedMs + NUDGE_MS) };
  }
  const { resolved } = event;
  const failed = resolved.addresses.length === 0;
  return {
    known: judge(state.known, resolved, wallMs),
    dueMs: nowMs + (failed ? RETRY_MS : resolved.ttlMs),
    askedMs: nowMs,
  };
}

function judge(before: Known, { addresses, missing, problem }: Resolved, wallMs: number): Known {
  const told = problem === null ? {} : { problem };
  if (addresses.length === 0) return { ...before, ...told };
  const isMissing = ({ address }: DnsAddress) => missing.includes(address.startsWith('[') ? 6 : 4);
  const here = new Set(addresses.map(({ address }) => address));
  const kept = before.addresses.filter((each) => isMissing(each) && !here.has(each.address));
  const gone = before.addresses.filter((each) => !isMissing(each) && !here.has(each.address));
  const now = sorted([...addresses, ...kept]);
  const isHeld = before.heldUntilMs !== undefined;
  if (gone.length === 0) return { addresses: now, ...told };
  // A clock that was set back since must not hold them for longer.
  const untilMs = Math.min(before.heldUntilMs ?? Number.POSITIVE_INFINITY, wallMs + HOLD_MS);
  const isMany = gone.length >= 2 && gone.length * 2 > before.addresses.length;
  if (isHeld ? wallMs >= untilMs : !isMany) return { addresses: now, ...told };
  return { addresses: sorted([...now, ...gone]), heldUntilMs: untilMs, ...told };
}

/** The first ones, sorted. */
function sorted(addresses: readonly DnsAddress[]): readonly DnsAddress[] {
  return addresses.slice(0, MAX_ADDRESSES).sort((a, b) => (a.address < b.address ? -1 : 1));
}
