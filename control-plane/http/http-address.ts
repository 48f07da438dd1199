/** The HTTP server of a control plane: the dashboard, /metrics, /healthz and /readyz. */
import type { Clock } from '../../core/runtime/clock.ts';
import { HttpServer } from '../../core/runtime/http-server.ts';
import { descriptorLimit } from '../../core/runtime/lifecycle.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { operationRoutes } from '../../core/runtime/operation-routes.ts';
import type { AcceptedTokens } from '../../core/runtime/token-file.ts';
import { refusePage } from '../access/page-access.ts';
import { outdatedError, refuseOutdatedCall, refuseOutdatedPage } from '../access/format-gate.ts';
import { localCalls } from '../dashboard/local-calls.ts';
import { dashboardRoutes, missingPage } from '../dashboard/dashboard-routes.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Service } from '../rpc/grpc-server.ts';
import type { OpenStreams } from '../rpc/open-streams.ts';
import type { EventLog } from '../fleet/event-log.ts';
import type { FleetStats } from '../fleet/fleet-stats.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { ControlPlaneMetrics } from './metrics.ts';

/** More than the dashboard's live streams may be, so that probes and scrapers always get a connection. */
const MAX_CONNECTIONS = 256;

export interface HttpAddressDeps {
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly stats: FleetStats;
  readonly events: EventLog;
  readonly streams: OpenStreams;
  /** The gRPC services that the dashboard calls. */
  readonly services: readonly Service[];
  readonly metrics: ControlPlaneMetrics;
  readonly run: { readonly stopping: boolean };
  /** Host names of the dashboard, besides localhost and addresses. */
  readonly dashboardHosts: readonly string[];
  readonly deps: { readonly clock: Clock; readonly logger: Logger; readonly tokens?: AcceptedTokens };
}

export function makeHttp({
  services,
  metrics,
  run,
  dashboardHosts: hosts,
  deps: { clock, logger, tokens },
  ...parts
}: HttpAddressDeps): HttpServer {
  const { follower } = parts;
  const call = localCalls(services, (path) => refuseOutdatedCall(follower.status(), path), clock);
  const routes = {
    ...dashboardRoutes({ ...parts, call, clock, logger }),
    ...operationRoutes(metrics, () => notReadyReasons(follower, run.stopping), clock),
  };
  return new HttpServer({
    routes,
    guard: (head) => refusePage({ tokens, hosts }, head) ?? refuseOutdatedPage(follower.status(), head.path),
    missing: missingPage(routes),
    what: 'the HTTP address',
    flag: '--http-address',
    maxConnections: Math.min(MAX_CONNECTIONS, Math.floor(descriptorLimit() / 4)),
    logger,
  });
}

/** Why /readyz answers 503; empty: this replica has read its store, the store answers, and it is not stopping. */
function notReadyReasons(follower: LogFollower, stopping: boolean): readonly string[] {
  const reasons: string[] = [];
  if (stopping) reasons.push('this control plane is stopping');
  const status = follower.status();
  if (!status.ready) reasons.push(outdatedError(status)?.message ?? status.reason);
  return reasons;
}
