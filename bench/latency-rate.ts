/** The fixed rate at which latency is measured: half of what HAProxy can, or of what we can where it is missing. */
import type { Scope } from '../harness/programs/processes.ts';
import type { Balancer } from './balancers/balancer.ts';
import { HAPROXY } from './contestant-names.ts';
import { SMALL, type WebBackend } from './load/nginx-backend.ts';
import type { Measured } from './interleave.ts';
import { webRun, type WebRun } from './measure/web-run.ts';
import type { Cpus } from './pinning.ts';
import { figure } from './report/table.ts';

/** Connections that each wait for their turn: so many that one is always ready, whatever the answers take. */
export const LATENCY_CONNECTIONS = 256;
/** A run must be long enough for a hundredth of its requests to be many. */
export const LATENCY_TIMES_SECONDS = 2;
export const LATENCY_WARM_UP_SECONDS = 1;
const SECONDS = 2;
const SHARE = 0.5;
const RATE_TOLERANCE = 0.05;

/** A line for who did not get the rate that was wanted: its percentiles mean something else. */
export function missedRates(what: string, wanted: number, measured: Measured<WebRun>): readonly string[] {
  return [...measured].flatMap(([name, runs]) => {
    const least = Math.min(...runs.map(({ window }) => window.requestsPerSecond));
    return least >= wanted * (1 - RATE_TOLERANCE)
      ? []
      : [
          `${what}: RATE NOT REACHED by ${name}: ${figure(least)} of ${figure(wanted)} per second; the machine was busy`,
        ];
  });
}

export async function chooseRate(
  scope: Scope,
  cpus: Cpus,
  backend: WebBackend,
  balancers: readonly Balancer[],
): Promise<number> {
  const judged = balancers.find(({ name }) => name === HAPROXY) ?? balancers[0];
  if (judged === undefined) throw new Error('nobody to measure');
  const load = { path: SMALL.path, connections: LATENCY_CONNECTIONS };
  const { window } = await webRun(scope, judged, { cpus, backend, load, seconds: SECONDS });
  return Math.round(window.requestsPerSecond * SHARE);
}
