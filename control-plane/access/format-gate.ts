/**
 * A replica that reads a store format newer than its own, as happens during a rolling upgrade, refuses everything: it would
 * know only an old part of the log, or misread it. Clients then use another replica. Pure.
 */
import { LbError } from '../../core/runtime/errors.ts';
import { type HttpAnswer, json } from '../../core/runtime/http-server.ts';
import type { FollowerStatus } from '../store/log/log-follower.ts';
import { HEALTH_METHODS } from './call-access.ts';
import { API_PATHS } from './page-access.ts';

/** The error for every call and every open stream; null: this replica can read the store. */
export function outdatedError(status: FollowerStatus): LbError | null {
  if (status.ready || status.outdated !== true) return null;
  const message = `this control plane answers no requests: ${status.reason}; use another replica`;
  return new LbError('UNAVAILABLE', message);
}

/** The error for a gRPC method. The health service still answers, with NOT_SERVING. */
export function refuseOutdatedCall(status: FollowerStatus, path: string): LbError | null {
  return path.startsWith(HEALTH_METHODS) ? null : outdatedError(status);
}

/** The answer for an HTTP path. The files of the page, readiness and metrics are still served. */
export function refuseOutdatedPage(status: FollowerStatus, path: string): HttpAnswer | null {
  const refusal = path.startsWith(API_PATHS) ? outdatedError(status) : null;
  return refusal && json(503, { code: refusal.code, error: refusal.message });
}
