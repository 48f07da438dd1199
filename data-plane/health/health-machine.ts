/**
 * The health of one backend as a proxy sees it, as a pure machine: (state, event) → state.
 *
 *                passed                    failed                          ejected
 *   unknown      healthy                   unhealthy                       -
 *   healthy      -                         unhealthy after `fall` in a row ejected
 *   unhealthy    healthy after `rise`      -                               -
 *   ejected      healthy                   unhealthy after `fall` in a row -
 *
 * Invariants
 *  - `passes` and `failures` count results in a row: a result of one kind sets the other count to 0, in every state;
 *  - `sinceMs` changes when `health` does, and only then; `reason` says what caused it, or the newest failure;
 *  - a step that changes nothing returns the state itself.
 */
import type { Health, HealthCheck } from '../../core/model/resources.ts';

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
}

export type HealthEvent =
  | { readonly type: 'passed' }
  | { readonly type: 'failed'; readonly reason: string }
  /** It could not be checked, through no fault of its own. */
  | { readonly type: 'postponed'; readonly reason: string }
  /** Failed connects of clients took it out. */
  | { readonly type: 'ejected'; readonly reason: string }
  /** An operator disabled it: it is no longer checked. */
  | { readonly type: 'disabled' }
  /** It leads back to a listener: it is not checked, and gets no connections. */
  | { readonly type: 'leads-back'; readonly reason: string }
  /** It is checked from now on; nothing is known yet. */
  | { readonly type: 'enabled' }
  /** Its pool has no checks: it counts as up. */
  | { readonly type: 'unchecked' };

type Thresholds = Pick<HealthCheck, 'healthyThreshold' | 'unhealthyThreshold'>;

const DISABLED = 'disabled';
const NOT_CHECKED = 'not checked';
const NOT_CHECKED_YET = 'not checked yet';
const FIRST_CHECK_PASSED = 'passed its first check';

/** The health of a backend before its first check. */
export function unknownHealth(nowMs: number): HealthState {
  return { health: 'unknown', reason: NOT_CHECKED_YET, sinceMs: nowMs, passes: 0, failures: 0 };
}

export function stepHealth(
  state: HealthState,
  event: HealthEvent,
  thresholds: Thresholds,
  nowMs: number,
): HealthState {
  switch (event.type) {
    case 'passed':
      return passed(state, thresholds.healthyThreshold, nowMs);
    case 'failed':
      return failed(state, event.reason, thresholds.unhealthyThreshold, nowMs);
    case 'postponed':
      return state.health === 'unknown' ? unlessSo(state, 'unknown', event.reason, nowMs) : state;
    case 'ejected':
      return state.health === 'healthy' ? become('ejected', event.reason, nowMs) : state;
    case 'disabled':
      return unlessSo(state, 'unknown', DISABLED, nowMs);
    case 'leads-back':
      return unlessSo(state, 'unhealthy', event.reason, nowMs);
    case 'enabled':
      return become('unknown', NOT_CHECKED_YET, nowMs, state);
    case 'unchecked':
      return unlessSo(state, 'healthy', NOT_CHECKED, nowMs);
  }
}

/** Between two states, or ejected: the next check should come soon. */
export function isInTransition(state: HealthState): boolean {
  switch (state.health) {
    case 'healthy':
      return state.failures > 0;
    case 'unhealthy':
      return state.passes > 0;
    case 'ejected':
      return true;
    case 'unknown':
      return false;
  }
}

function passed(state: HealthState, rise: number, nowMs: number): HealthState {
  switch (state.health) {
    case 'healthy':
      // Before, its pool had no checks.
      if (state.reason === NOT_CHECKED) return become('healthy', FIRST_CHECK_PASSED, nowMs, state);
      return state.failures === 0 ? state : { ...state, passes: 0, failures: 0 };
    case 'unknown':
      return become('healthy', FIRST_CHECK_PASSED, nowMs);
    case 'ejected':
      return become('healthy', 'passed a check after failed connects', nowMs);
    case 'unhealthy': {
      const passes = state.passes + 1;
      if (passes < rise) return { ...state, passes, failures: 0 };
      return become('healthy', passes === 1 ? 'passed a check' : `passed ${passes} checks in a row`, nowMs);
    }
  }
}

function failed(state: HealthState, reason: string, fall: number, nowMs: number): HealthState {
  switch (state.health) {
    case 'unknown':
      return become('unhealthy', reason, nowMs);
    case 'unhealthy':
      return state.passes === 0 && state.reason === reason ? state : { ...state, reason, passes: 0 };
    case 'healthy':
    case 'ejected': {
      const failures = state.failures + 1;
      return failures < fall ? { ...state, passes: 0, failures } : become('unhealthy', reason, nowMs);
    }
  }
}

function unlessSo(state: HealthState, health: Health, reason: string, nowMs: number): HealthState {
  return state.health === health && state.reason === reason ? state : become(health, reason, nowMs, state);
}

/** With `from`, `sinceMs` is kept when the health stays the same. */
function become(health: Health, reason: string, nowMs: number, from?: HealthState): HealthState {
  const sinceMs = from?.health === health ? from.sinceMs : nowMs;
  return { health, reason, sinceMs, passes: 0, failures: 0 };
}
