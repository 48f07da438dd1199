/**
 * The health of one backend as a proxy sees it, as a pure machine: (state, event) → state.
 *
 *                passed                      failed                          ejected
 *   unknown      healthy                     unhealthy                       -
 *   healthy      -                           unhealthy after `fall` in a row ejected
 *   unhealthy    healthy after `rise` *      -                               -
 *   ejected      healthy *                   unhealthy after `fall` in a row -
 *
 *   * not before `out.untilMs`: a port that opens says nothing about connections that the backend then closes.
 *
 * When the check asks something else than before, its first result decides alone: a server that takes connections may
 * still be the wrong one. Until then the backend keeps its health, because nothing is known against it.
 *
 * Invariants
 *  - `passes` and `failures` count results in a row: a result of one kind sets the other count to 0, in every state;
 *  - `sinceMs` changes when `health` does, and only then; `reason` says what caused it, or the newest failure. A failure
 *    that differs only in how many bytes came is not a newer one: each would be reported to every control plane;
 *  - early closes keep it out for 10 s at first, twice as long each time up to 5 minutes, and for 10 s again after it has
 *    behaved for 5 minutes;
 *  - a step that changes nothing returns the state itself.
 */
import { formatDuration } from '../../core/model/duration.ts';
import type { Health, HealthCheck } from '../../core/model/resources.ts';

export interface Moment {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** Never goes back. */
  readonly nowMs: number;
}

export interface HealthState {
  readonly health: Health;
  /** In words. */
  readonly reason: string;
  /** When `health` became what it is; milliseconds since 1970. */
  readonly sinceMs: number;
  /** Checks passed in a row, while that matters. */
  readonly passes: number;
  /** Checks failed in a row, while that matters. */
  readonly failures: number;
  /** The next result decides alone. */
  readonly undecided: boolean;
  /** How long early closes kept it out the last time, and until when, on the monotonic clock; left out: never. */
  readonly out?: { readonly forMs: number; readonly untilMs: number };
}

interface Ejected {
  readonly type: 'ejected';
  readonly reason: string;
  /** Left out: failed connects. */
  readonly cause?: 'early_closes' | undefined;
}

export type HealthEvent =
  | { readonly type: 'passed' }
  | { readonly type: 'failed'; readonly reason: string }
  /** It could not be checked, through no fault of its own. */
  | { readonly type: 'postponed'; readonly reason: string }
  /** Failed connects of clients took it out, or connections that it closed early. */
  | Ejected
  /** An operator disabled it: it is no longer checked. */
  | { readonly type: 'disabled' }
  /** It leads back to a listener: it is not checked, and gets no connections. */
  | { readonly type: 'leads-back'; readonly reason: string }
  /** It is checked from now on; nothing is known yet. */
  | { readonly type: 'enabled' }
  /** Its pool has no checks: it counts as up. */
  | { readonly type: 'unchecked' }
  /** Its check asks something else from now on. */
  | { readonly type: 'check-changed' };

type Thresholds = Pick<HealthCheck, 'healthyThreshold' | 'unhealthyThreshold'>;

const DISABLED = 'disabled';
const NOT_CHECKED = 'not checked';
const NOT_CHECKED_YET = 'not checked yet';
const FIRST_CHECK_PASSED = 'passed its first check';
const FIRST_OUT_MS = 10_000;
const LONGEST_OUT_MS = 300_000;

/** The health of a backend before its first check. */
export function unknownHealth(wallMs: number): HealthState {
  return {
    health: 'unknown',
    reason: NOT_CHECKED_YET,
    sinceMs: wallMs,
    passes: 0,
    failures: 0,
    undecided: true,
  };
}

export function stepHealth(
  state: HealthState,
  event: HealthEvent,
  thresholds: Thresholds,
  now: Moment,
): HealthState {
  switch (event.type) {
    case 'passed':
      return passed(state, thresholds.healthyThreshold, now);
    case 'failed':
      return failed(state, event.reason, thresholds.unhealthyThreshold, now.wallMs);
    case 'postponed':
      return state.health === 'unknown' ? unlessSo(state, 'unknown', event.reason, now.wallMs) : state;
    case 'ejected':
      return ejected(state, event, now);
    case 'disabled':
      return unlessSo(state, 'unknown', DISABLED, now.wallMs);
    case 'leads-back':
      return unlessSo(state, 'unhealthy', event.reason, now.wallMs);
    case 'enabled':
      return { ...become(state, 'unknown', NOT_CHECKED_YET, now.wallMs), undecided: true };
    case 'unchecked':
      return unlessSo(state, 'healthy', NOT_CHECKED, now.wallMs);
    case 'check-changed':
      return state.undecided ? state : { ...state, undecided: true };
  }
}

/** Between two states, or ejected: the next check should come soon. */
export function isInTransition({ health, passes, failures, undecided }: HealthState): boolean {
  if (health === 'unknown') return false;
  return undecided || health === 'ejected' || passes > 0 || failures > 0;
}

function passed(state: HealthState, rise: number, { nowMs, wallMs }: Moment): HealthState {
  const { failures, undecided, out } = state;
  const isOut = out !== undefined && nowMs < out.untilMs;
  switch (state.health) {
    case 'healthy':
      if (undecided) return become(state, 'healthy', FIRST_CHECK_PASSED, wallMs);
      return failures === 0 ? state : { ...state, failures: 0 };
    case 'unknown':
      return become(state, 'healthy', FIRST_CHECK_PASSED, wallMs);
    case 'ejected':
      if (isOut) return failures === 0 && !undecided ? state : { ...state, failures: 0, undecided: false };
      return become(state, 'healthy', 'passed a check after it was ejected', wallMs);
    case 'unhealthy': {
      const passes = state.passes + 1;
      if (isOut || (passes < rise && !undecided)) return { ...state, passes, undecided: false };
      return become(state, 'healthy', wordsOfPasses(passes), wallMs);
    }
  }
}

function wordsOfPasses(passes: number): string {
  return passes === 1 ? 'passed a check' : `passed ${passes} checks in a row`;
}

function failed(state: HealthState, reason: string, fall: number, wallMs: number): HealthState {
  const { health, undecided } = state;
  if (health === 'unhealthy') {
    const isKnown = isSameReason(state.reason, reason);
    if (isKnown && state.passes === 0 && !undecided) return state;
    return { ...state, reason: isKnown ? state.reason : reason, passes: 0, undecided: false };
  }
  const failures = state.failures + 1;
  if (health !== 'unknown' && failures < fall && !undecided) return { ...state, failures };
  return become(state, 'unhealthy', reason, wallMs);
}

function isSameReason(a: string, b: string): boolean {
  return a === b || withoutSize(a) === withoutSize(b);
}

function withoutSize(reason: string): string {
  return reason.replace(/ first \d+ bytes/, '');
}

/** Early closes count while it is ejected too: checks may have noticed the cell before the worker's message came. */
function ejected(state: HealthState, { cause, reason }: Ejected, { nowMs, wallMs }: Moment): HealthState {
  const { health, out, failures } = state;
  if (cause === undefined) {
    // Failed connects and failed checks come together. Those of the checks still count, or they would be late to say `unhealthy`.
    return health === 'healthy' ? { ...become(state, 'ejected', reason, wallMs), failures } : state;
  }
  if (health !== 'healthy' && health !== 'ejected') return state;
  const isFirst = !out || nowMs - out.untilMs >= LONGEST_OUT_MS;
  const forMs = isFirst ? FIRST_OUT_MS : Math.min(2 * out.forMs, LONGEST_OUT_MS);
  const words = `${reason}; out for ${formatDuration(forMs)}`;
  return { ...become(state, 'ejected', words, wallMs), out: { forMs, untilMs: nowMs + forMs } };
}

function unlessSo(state: HealthState, health: Health, reason: string, wallMs: number): HealthState {
  return state.health === health && state.reason === reason ? state : become(state, health, reason, wallMs);
}

/** `sinceMs` is kept when the health stays the same. */
function become(state: HealthState, health: Health, reason: string, wallMs: number): HealthState {
  const sinceMs = state.health === health ? state.sinceMs : wallMs;
  return { ...state, health, reason, sinceMs, passes: 0, failures: 0, undecided: false };
}
