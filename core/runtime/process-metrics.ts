/** Node's own metrics of the process, for /metrics. */
import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Gauges whose names end like those of counters: promtool objects to them, and nobody needs them. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export function collectProcessMetrics(registry: Registry): void {
  // The default of 10 ms wakes an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
