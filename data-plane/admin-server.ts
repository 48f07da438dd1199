/** The admin address of a proxy: /metrics, /healthz and /readyz (it has applied a snapshot, and is not about to stop). */
import { HttpServer } from '../core/runtime/http-server.ts';
import type { Logger } from '../core/runtime/logger.ts';
import { type Metrics, operationRoutes } from '../core/runtime/operation-routes.ts';

const MAX_CONNECTIONS = 64;

/** `notReady`: why the proxy should get no new clients; empty: it should. */
export function adminServer(metrics: Metrics, notReady: () => readonly string[], logger: Logger): HttpServer {
  return new HttpServer({
    routes: operationRoutes(metrics, notReady),
    what: 'the admin address',
    flag: '--admin-address',
    maxConnections: MAX_CONNECTIONS,
    logger,
  });
}
