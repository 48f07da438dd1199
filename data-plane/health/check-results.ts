/** What a failed connect means for the health of a backend, in words. Pure. */
import { formatDuration } from '../../core/model/duration.ts';
import { errnoName, isOwnFailure } from '../kernel/errno.ts';
import type { CheckResult } from './checker.ts';

/** What a failed connect is called, by errno name. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  EHOSTDOWN: 'host down',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'network down',
  ETIMEDOUT: 'timed out',
  EACCES: 'not permitted by this host',
  EPERM: 'not permitted by this host',
};

/** A deadline that came late by more than a quarter of the timeout proves nothing. */
export function timedOut(timeoutMs: number, lateMs: number): CheckResult {
  return lateMs > timeoutMs / 4
    ? { type: 'inconclusive', reason: `this process stood still for ${Math.round(lateMs)} ms` }
    : { type: 'failed', reason: `timed out after ${formatDuration(timeoutMs)}` };
}

/** A connect that failed. What this host ran out of is no fault of the backend. */
export function refused(errno: number): CheckResult {
  const code = errnoName(errno);
  if (isOwnFailure(errno)) return { type: 'inconclusive', reason: `this host is short: ${code}` };
  return { type: 'failed', reason: WORDS[code] ?? code };
}
