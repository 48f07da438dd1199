/** The routes that operators need in every program: /metrics, /healthz (it is alive) and /readyz (it can serve). */
import { json, type Routes } from './http-server.ts';

/** The metrics of a program in Prometheus' text format. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/**
 * `notReady` returns the reasons why the program cannot serve now; empty: it is ready. `warnings` are for people: what
 * works, and should be put right.
 */
export function operationRoutes(
  metrics: Metrics,
  notReady: () => readonly string[],
  warnings: () => readonly string[] = () => [],
): Routes {
  return {
    '/metrics': async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.render() }),
    '/healthz': () => json(200, { status: 'ok' }),
    '/readyz': () => {
      const reasons = notReady();
      return reasons.length === 0
        ? json(200, { status: 'ready', ...(warnings().length > 0 && { warnings: warnings() }) })
        : json(503, { status: 'not ready', reasons });
    },
  };
}
