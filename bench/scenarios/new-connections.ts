/** A connection for every request. */
import { everybody, startAll } from '../contestants.ts';
import { interleave } from '../interleave.ts';
import { SMALL, startWebBackend } from '../load/nginx-backend.ts';
import { coldNote, webNotes } from '../measure/web-notes.ts';
import { webRun } from '../measure/web-run.ts';
import { seriesOf } from '../report/series.ts';
import type { Scenario } from '../scenario.ts';

const COLD_SECONDS = 2;

export const newConnections: Scenario = async (scope, { cpus, options, progress }) => {
  const backend = await startWebBackend(scope, cpus.others);
  const balancers = await startAll(scope, everybody(options.engine), cpus, backend.addresses);
  const load = { path: SMALL.path, connections: 64, reconnect: true };
  const plan = { cpus, backend, load };

  progress('new connections');
  const cold = await interleave(balancers, 1, (balancer) =>
    webRun(scope, balancer, { ...plan, seconds: COLD_SECONDS, cold: true }),
  );
  const measured = await interleave(balancers, options.pairs, (balancer) =>
    webRun(scope, balancer, { ...plan, seconds: options.seconds }),
  );
  return {
    rows: [
      {
        what: 'CPU per new connection',
        unit: 'µs',
        ...seriesOf(measured, ({ window }) => window.cpuUsPerRequest),
        bar: { kind: 'at_most', times: 1.1 },
      },
      {
        what: 'new connections per second',
        unit: '/s',
        ...seriesOf(measured, ({ window }) => window.requestsPerSecond),
        bar: { kind: 'none' },
      },
      {
        what: 'user-mode CPU per new connection',
        unit: 'µs',
        ...seriesOf(measured, ({ window }) => window.userUsPerRequest),
        bar: { kind: 'none' },
      },
    ],
    notes: [coldNote('new connections', cold), ...webNotes('new connections', measured)],
  };
};
