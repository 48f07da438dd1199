/**
 * A replica that is older than what it reads in the store steps aside, as happens during a rolling upgrade: it would
 * know only an old part of the log, or another reading of it, so it answers nothing and sends everybody elsewhere. Pure.
 */
import { LbError } from '../../core/runtime/errors.ts';
import { type HttpAnswer, json } from '../../core/runtime/http-server.ts';
import type { FollowerStatus } from '../store/log/log-follower.ts';
import { HEALTH_METHODS } from './call-access.ts';
import { API_PATHS } from './page-access.ts';

/** What to answer to everything, and to end every stream with; null: it has not stepped aside. */
export function steppedAside(status: FollowerStatus): LbError | null {
  if (status.ready || status.outdated !== true) return null;
  const message = `this control plane has stepped aside and answers nothing: ${status.reason}; ask another replica`;
  return new LbError('UNAVAILABLE', message);
}

/** The same for a gRPC method: the health service still says that this replica does not serve. */
export function refuseOutdated(status: FollowerStatus, path: string): LbError | null {
  return path.startsWith(HEALTH_METHODS) ? null : steppedAside(status);
}

/** The same for the HTTP address: the files of the page stay, and whether this replica is ready is still said. */
export function refuseOutdatedPage(status: FollowerStatus, path: string): HttpAnswer | null {
  const refusal = path.startsWith(API_PATHS) ? steppedAside(status) : null;
  return refusal && json(503, { code: refusal.code, error: refusal.message });
}
