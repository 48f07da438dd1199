/** The HTTP address of a control plane: the dashboard, and what operators want of every program. */
import type { Clock } from '../../core/runtime/clock.ts';
import { HttpServer } from '../../core/runtime/http-server.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { operationRoutes } from '../../core/runtime/operation-routes.ts';
import type { AcceptedTokens } from '../../core/runtime/token-file.ts';
import { refusePage } from '../access/page-access.ts';
import { refuseOutdated, refuseOutdatedPage } from '../access/format-gate.ts';
import { localCalls } from '../dashboard/local-calls.ts';
import { dashboardRoutes, missingPage } from '../dashboard/dashboard-routes.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Service } from '../rpc/grpc-server.ts';
import type { OpenStreams } from '../rpc/open-streams.ts';
import type { FleetStats } from '../fleet/fleet-stats.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { ControlPlaneMetrics } from './metrics.ts';
import { notReadyReasons } from './readiness.ts';

/** More than the live streams of the dashboard, so that open pages leave room for probes and scrapers. */
const MAX_CONNECTIONS = 256;

export interface HttpAddressDeps {
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly stats: FleetStats;
  readonly streams: OpenStreams;
  /** What the dashboard calls. */
  readonly services: readonly Service[];
  readonly metrics: ControlPlaneMetrics;
  readonly run: { readonly stopping: boolean };
  /** Names that the dashboard is asked for under. */
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
  const call = localCalls(services, (path) => refuseOutdated(follower.status(), path), clock);
  const routes = {
    ...dashboardRoutes({ ...parts, call, clock, logger }),
    ...operationRoutes(metrics, () => notReadyReasons(follower, run.stopping)),
  };
  return new HttpServer({
    routes,
    guard: (head) => refusePage({ tokens, hosts }, head) ?? refuseOutdatedPage(follower.status(), head.path),
    missing: missingPage(routes),
    what: 'the HTTP address',
    flag: '--http-address',
    maxConnections: MAX_CONNECTIONS,
    logger,
  });
}
