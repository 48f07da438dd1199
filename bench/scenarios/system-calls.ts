/** System calls per request and per new connection. Counting slows a process down, so this is a run of its own. */
import { equipoise } from '../balancers/equipoise.ts';
import { haproxy } from '../balancers/haproxy.ts';
import { startAll } from '../contestants.ts';
import { interleave } from '../interleave.ts';
import { SMALL, startWebBackend } from '../load/nginx-backend.ts';
import { countSystemCalls } from '../measure/system-call-count.ts';
import { webRun } from '../measure/web-run.ts';
import type { Row } from '../report/row.ts';
import { seriesOf } from '../report/series.ts';
import type { Scenario } from '../scenario.ts';
import { findTool } from '../tools.ts';

const LOADS = [
  { what: 'system calls per request', load: { path: SMALL.path, connections: 64 } },
  { what: 'system calls per new connection', load: { path: SMALL.path, connections: 64, reconnect: true } },
];
/** The figure hardly moves from one run to the next. */
const MOST_ROUNDS = 2;

export const systemCalls: Scenario = async (scope, { cpus, options, progress }) => {
  const backend = await startWebBackend(scope, cpus.others);
  const peers = findTool('haproxy') === undefined ? [] : [haproxy];
  const balancers = await startAll(scope, [equipoise(options.engine), ...peers], cpus, backend.addresses);
  const rows: Row[] = [];
  for (const { what, load } of LOADS) {
    progress(what);
    const measured = await interleave(balancers, Math.min(options.pairs, MOST_ROUNDS), async (balancer) => {
      let calls = Number.NaN;
      const { window } = await webRun(scope, balancer, {
        cpus,
        backend,
        load,
        seconds: options.seconds,
        meanwhile: async ({ pid }) => {
          calls = await countSystemCalls(pid, options.seconds);
        },
      });
      // The counter is on for exactly the seconds it was asked for, the window a little longer.
      return calls / (window.requestsPerSecond * options.seconds);
    });
    const { ours, theirs } = seriesOf(measured, (count) => count);
    rows.push({ what, unit: '', ours, theirs, bar: { kind: 'at_most', times: 1 } });
  }
  return { rows, notes: [] };
};
