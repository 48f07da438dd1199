/** p99 at a fixed rate: half of HAProxy's maximum, the same for all. */
import type { Balancer } from '../balancers/balancer.ts';
import { everybody, startAll } from '../contestants.ts';
import { interleave } from '../interleave.ts';
import {
  chooseRate,
  LATENCY_CONNECTIONS,
  LATENCY_TIMES_SECONDS,
  LATENCY_WARM_UP_SECONDS,
  missedRates,
} from '../latency-rate.ts';
import { SMALL, startWebBackend } from '../load/nginx-backend.ts';
import { webNotes } from '../measure/web-notes.ts';
import { webRun, type WebRun } from '../measure/web-run.ts';
import { eachOf, seriesOf } from '../report/series.ts';
import type { Scenario } from '../scenario.ts';

export const latency: Scenario = async (scope, { cpus, options, progress }) => {
  const backend = await startWebBackend(scope, cpus.others);
  const balancers = await startAll(scope, everybody(options.engine), cpus, backend.addresses);
  const rate = await chooseRate(scope, cpus, backend, balancers);
  progress(`latency at ${rate} requests per second`);
  const load = { path: SMALL.path, connections: LATENCY_CONNECTIONS, rate };
  const seconds = LATENCY_TIMES_SECONDS * options.seconds;
  const run = (balancer: Balancer, seconds: number) =>
    webRun(scope, balancer, { cpus, backend, load, seconds });
  // Nobody's code is cold when it counts.
  await interleave(balancers, 1, (balancer) => run(balancer, LATENCY_WARM_UP_SECONDS));
  const measured = await interleave(balancers, options.pairs, (balancer) => run(balancer, seconds));
  const ms = (pick: (wrk: WebRun['wrk']) => number) => seriesOf(measured, ({ wrk }) => pick(wrk) / 1_000);
  return {
    rows: [
      {
        what: 'p99 at half of HAProxy’s maximum rate',
        unit: 'ms',
        ...ms(({ p99Us }) => p99Us),
        bar: { kind: 'at_most_and', times: 1.25, more: 0.3 },
      },
      { what: 'p50, same', unit: 'ms', ...ms(({ p50Us }) => p50Us), bar: { kind: 'none' } },
      {
        what: 'CPU per request, same',
        unit: 'µs',
        ...seriesOf(measured, ({ window }) => window.cpuUsPerRequest),
        bar: { kind: 'none' },
      },
    ],
    notes: [
      `latency: wanted ${rate} requests per second, reached: ${eachOf(measured, ({ window }) => window.requestsPerSecond)}`,
      ...missedRates('latency', rate, measured),
      ...webNotes('latency', measured),
    ],
  };
};
