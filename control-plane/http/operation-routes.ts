/** /healthz (the process lives), /readyz (it should be asked) and /metrics. */
import { json, type Routes } from './http-server.ts';
import type { ControlPlaneMetrics } from './metrics.ts';

export function operationRoutes(metrics: ControlPlaneMetrics, notReady: () => readonly string[]): Routes {
  return {
    '/healthz': () => json(200, { status: 'ok' }),
    '/readyz': () => {
      const reasons = notReady();
      return reasons.length === 0
        ? json(200, { status: 'ready' })
        : json(503, { status: 'not ready', reasons });
    },
    '/metrics': async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.render() }),
  };
}
