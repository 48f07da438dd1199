/** The interface of a health check, and what its failures mean. One kind of check per file. */
import { formatDuration } from '../../core/model/duration.ts';
import type { HealthCheck } from '../../core/model/resources.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { errnoName, errnoOf, isOwnFailure } from '../kernel/errno.ts';

/** What is checked: a textual IP address, and the port that the check goes to. */
export interface CheckTarget {
  readonly host: string;
  readonly port: number;
  /** What is sent before everything else: a PROXY header of this version, which says that no client is behind it. */
  readonly announcedBy?: 'v1' | 'v2' | undefined;
}

export type CheckResult =
  | { readonly type: 'passed' }
  /** `reason` is in words, such as "connection refused". */
  | { readonly type: 'failed'; readonly reason: string }
  /** It says more about this process than about the backend, such as a deadline that passed while the event loop was blocked. */
  | { readonly type: 'inconclusive'; readonly reason: string }
  /** This host ran out of something, so nothing was checked. */
  | { readonly type: 'shortage'; readonly reason: string };

export interface RunningCheck {
  /** Ends the check; `done` will not be called. */
  cancel(): void;
}

export interface Checker {
  /**
   * Checks once, within `check.timeoutMs` for all of it. `done` is called exactly once, later, unless the check is
   * cancelled first.
   */
  check(target: CheckTarget, check: HealthCheck, done: (result: CheckResult) => void): RunningCheck;
}

/** For a check that fails before it can start. */
export function later(action: () => void): RunningCheck {
  const immediate = setImmediate(action);
  return { cancel: () => clearImmediate(immediate) };
}

/** The reason that is shown for a failed connect, by errno name. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  EHOSTDOWN: 'host down',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'network down',
  ETIMEDOUT: 'timed out',
  EACCES: 'not permitted by this host',
  EPERM: 'not permitted by this host',
};

export function wordsOf(errno: number): string {
  const code = errnoName(errno);
  return WORDS[code] ?? code;
}

/** A check proves nothing if this process was blocked for more than a quarter of it. `why` gets the timeout in words. */
export function timedOut(
  timeoutMs: number,
  blockedMs: number,
  why = (timeout: string) => `timed out after ${timeout}`,
): CheckResult {
  return blockedMs > timeoutMs / 4
    ? { type: 'inconclusive', reason: `this process was blocked for ${Math.round(blockedMs)} ms` }
    : { type: 'failed', reason: why(formatDuration(timeoutMs)) };
}

/** A connect that failed. A shortage on this host is not the backend's fault. */
export function refused(errno: number): CheckResult {
  if (!isOwnFailure(errno)) return { type: 'failed', reason: wordsOf(errno) };
  return { type: 'shortage', reason: `this host ran out of resources: ${errnoName(errno)}` };
}

/** The same for an error of Node. */
export function failedBy(error: Error): CheckResult {
  const errno = errnoOf(error);
  return errno === 0 ? { type: 'failed', reason: messageOf(error) } : refused(errno);
}
