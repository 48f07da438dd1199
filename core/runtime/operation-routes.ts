/** /metrics, /healthz (the process lives) and /readyz (it should be asked): what operators want of every program. */
import { json, type Routes } from './http-server.ts';

/** What a program measures, as Prometheus reads it. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/** `notReady`: why the program should not be asked now, in words; empty: it should. */
export function operationRoutes(metrics: Metrics, notReady: () => readonly string[]): Routes {
  return {
    '/metrics': async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.render() }),
    '/healthz': () => json(200, { status: 'ok' }),
    '/readyz': () => {
      const reasons = notReady();
      return reasons.length === 0
        ? json(200, { status: 'ready' })
        : json(503, { status: 'not ready', reasons });
    },
  };
}
