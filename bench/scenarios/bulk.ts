/** CPU for a gigabyte, from the backend to the client, against HAProxy as it comes and as people tune it. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Scope } from '../../harness/programs/processes.ts';
import type { Balancer } from '../balancers/balancer.ts';
import { HAPROXY_LARGE_BUFFERS, HAPROXY_SPLICE, OURS, OURS_SPLICE } from '../contestant-names.ts';
import { everybody, startAll, tunedForms } from '../contestants.ts';
import { interleave, type Measured } from '../interleave.ts';
import type { SinkAnswer, SinkQuestion, SourceAnswer, SourceQuestion } from '../load/bulk-protocol.ts';
import { startGenerator } from '../load/generator.ts';
import { readResetsSent } from '../measure/kernel-figures.ts';
import { cpuBetween, readCpu } from '../measure/process-figures.ts';
import { eachOf, seriesOf } from '../report/series.ts';
import { median } from '../report/statistics.ts';
import { within } from '../run-scope.ts';
import type { Row } from '../report/row.ts';
import type { Scenario } from '../scenario.ts';

const STREAMS = 1;
const COLD_SECONDS = 2;
const WARM_UP_MS = 300;
const GB = 1e9;

export interface BulkWindow {
  readonly cpuSecondsPerGb: number;
  readonly gbPerSecond: number;
  readonly resets: number;
}

export const bulk: Scenario = async (scope, { cpus, options, progress }) => {
  const source = startGenerator<SourceQuestion, SourceAnswer>(scope, cpus.others, 'bulk-source');
  const { port } = await source.ask({ listen: '127.0.0.1' });
  const kinds = [...everybody(options.engine), ...tunedForms(options.engine)];
  const balancers = await startAll(scope, kinds, cpus, [`127.0.0.1:${port}`]);
  progress('bulk');
  const cold = await interleave(balancers, 1, (balancer) =>
    transfer(scope, balancer, cpus.others, { warmUpMs: 0, seconds: COLD_SECONDS }),
  );
  const measured = await interleave(balancers, options.pairs, (balancer) =>
    transfer(scope, balancer, cpus.others, { warmUpMs: WARM_UP_MS, seconds: options.seconds }),
  );
  const perGb = ({ cpuSecondsPerGb }: BulkWindow) => cpuSecondsPerGb;
  return {
    rows: [
      defaultRow(measured),
      tunedRow('CPU per GB, bulk, HAProxy tuned', OURS, measured),
      ...(measured.has(OURS_SPLICE)
        ? [tunedRow('CPU per GB, bulk, --splice, HAProxy tuned', OURS_SPLICE, measured)]
        : []),
    ],
    notes: [
      `bulk: first two seconds of a process, CPU s per GB: ${eachOf(cold, perGb)}`,
      `bulk: CPU s per GB: ${eachOf(measured, perGb)}`,
      `bulk: GB per second: ${eachOf(measured, ({ gbPerSecond }) => gbPerSecond)}`,
      `bulk: resets sent while measuring (health probes of all contestants included): ${eachOf(measured, ({ resets }) => resets)}`,
    ],
  };
};

function defaultRow(measured: Measured<BulkWindow>): Row {
  const series = seriesOf(measured, ({ cpuSecondsPerGb }) => cpuSecondsPerGb);
  return { what: 'CPU per GB, bulk', unit: 's', ...series, bar: { kind: 'at_most', times: 0.7 } };
}

/** One of our forms against whichever of HAProxy's two tuned ones takes less. */
function tunedRow(what: string, ourForm: string, measured: Measured<BulkWindow>): Row {
  const of = (name: string) => (measured.get(name) ?? []).map(({ cpuSecondsPerGb }) => cpuSecondsPerGb);
  const buffers = of(HAPROXY_LARGE_BUFFERS);
  const splice = of(HAPROXY_SPLICE);
  const spliceIsBetter = median(splice) < median(buffers);
  return {
    what,
    unit: 's',
    ours: of(ourForm),
    theirs: spliceIsBetter ? splice : buffers,
    against: spliceIsBetter ? 'splice' : 'large buffers',
    bar: { kind: 'at_most', times: 1.1 },
  };
}

export interface TransferPlan {
  readonly warmUpMs: number;
  readonly seconds: number;
  readonly tls?: boolean;
}

export function transfer(
  outer: Scope,
  balancer: Balancer,
  cpu: number,
  plan: TransferPlan,
): Promise<BulkWindow> {
  return within(outer, async (scope) => {
    const sink = startGenerator<SinkQuestion, SinkAnswer>(scope, cpu, 'bulk-sink');
    const [host = '', port = ''] = balancer.address.split(':');
    await sink.ask({ do: 'connect', host, port: Number(port), streams: STREAMS, tls: plan.tls === true });
    await wait(plan.warmUpMs);
    const sample = async () => {
      const { bytes } = await sink.ask({ do: 'count' });
      return { bytes, cpu: readCpu(balancer.pid), resets: readResetsSent(), atMs: performance.now() };
    };
    const before = await sample();
    await wait(plan.seconds * 1_000);
    const after = await sample();
    await sink.ask({ do: 'close' });
    const gb = (after.bytes - before.bytes) / GB;
    return {
      cpuSecondsPerGb: cpuBetween(before.cpu, after.cpu).cpuUs / 1e6 / gb,
      gbPerSecond: gb / ((after.atMs - before.atMs) / 1_000),
      resets: after.resets - before.resets,
    };
  });
}
