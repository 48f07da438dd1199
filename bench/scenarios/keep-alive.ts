/** Requests over kept connections: CPU and rate, few and many connections, small and large answers. */
import { everybody, startAll } from '../contestants.ts';
import { interleave } from '../interleave.ts';
import { LARGE, SMALL, startWebBackend } from '../load/nginx-backend.ts';
import { coldNote, webNotes } from '../measure/web-notes.ts';
import { webRun } from '../measure/web-run.ts';
import type { Row } from '../report/row.ts';
import { seriesOf } from '../report/series.ts';
import type { Scenario } from '../scenario.ts';

const CONNECTIONS = [64, 1_000];
const COLD_SECONDS = 2;

export const keepAlive: Scenario = async (scope, { cpus, options, progress }) => {
  const backend = await startWebBackend(scope, cpus.others);
  const balancers = await startAll(scope, everybody(options.engine), cpus, backend.addresses);
  const plan = { cpus, backend, seconds: options.seconds };
  const rows: Row[] = [];
  const notes: string[] = [];

  const cold = await interleave(balancers, 1, (balancer) => {
    const load = { path: SMALL.path, connections: 64 };
    return webRun(scope, balancer, { ...plan, load, seconds: COLD_SECONDS, cold: true });
  });
  notes.push(coldNote('keep-alive, 64 connections, 12 B', cold));

  for (const body of [SMALL, LARGE]) {
    for (const connections of CONNECTIONS) {
      const what = `${connections.toLocaleString('en-US')} connections, ${body.label}`;
      progress(`keep-alive: ${what}`);
      const load = { path: body.path, connections };
      const measured = await interleave(balancers, options.pairs, (balancer) =>
        webRun(scope, balancer, { ...plan, load }),
      );
      rows.push({
        what: `CPU per request, ${what}`,
        unit: 'µs',
        ...seriesOf(measured, ({ window }) => window.cpuUsPerRequest),
        bar: { kind: 'at_most', times: 1, plusRulerError: true },
      });
      rows.push({
        what: `requests per second, ${what}`,
        unit: '/s',
        ...seriesOf(measured, ({ window }) => window.requestsPerSecond),
        bar: { kind: 'at_least', times: 1, plusRulerError: true },
      });
      if (connections === 64 && body === SMALL) {
        rows.push({
          what: `user-mode CPU per request, ${what}`,
          unit: 'µs',
          ...seriesOf(measured, ({ window }) => window.userUsPerRequest),
          bar: { kind: 'at_most', times: 2 },
        });
      }
      notes.push(...webNotes(`keep-alive, ${what}`, measured));
    }
  }
  return { rows, notes };
};
