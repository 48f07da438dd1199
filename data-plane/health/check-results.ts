/** What a failed connect says about the health of a backend. Pure. */
import { formatDuration } from '../../core/model/duration.ts';
import { errnoName, isOwnFailure } from '../kernel/errno.ts';
import type { CheckResult } from './checker.ts';

/** The reason that is shown for a failed connect, by errno name. */
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

/** A deadline that fired late by more than a quarter of the timeout proves nothing. */
export function timedOut(timeoutMs: number, lateMs: number): CheckResult {
  return lateMs > timeoutMs / 4
    ? { type: 'inconclusive', reason: `this process was blocked for ${Math.round(lateMs)} ms` }
    : { type: 'failed', reason: `timed out after ${formatDuration(timeoutMs)}` };
}

/** A connect that failed. A shortage on this host is not the backend's fault. */
export function refused(errno: number): CheckResult {
  const code = errnoName(errno);
  if (isOwnFailure(errno)) return { type: 'inconclusive', reason: `this host ran out of resources: ${code}` };
  return { type: 'failed', reason: WORDS[code] ?? code };
}
