/**
 * Health checks at scale: what a check of each type costs, how late checks begin in a large fleet of which a tenth is
 * silent, and whether the clients of a proxy notice.
 */
import { makeCertificates } from '../../harness/programs/certificates.ts';
import { built, run, type Scope, temporaryFolder } from '../../harness/programs/processes.ts';
import { startEquipoise } from '../balancers/equipoise.ts';
import { interleave } from '../interleave.ts';
import { chooseRate, LATENCY_CONNECTIONS, LATENCY_WARM_UP_SECONDS, missedRates } from '../latency-rate.ts';
import { SMALL, startWebBackend } from '../load/nginx-backend.ts';
import { CHECKED_TYPES, checkedFleet, type FleetPorts, type FleetShape } from '../measure/checked-fleet.ts';
import { webRun } from '../measure/web-run.ts';
import { type Cpus, pinnedTo, startPinned } from '../pinning.ts';
import type { Row } from '../report/row.ts';
import type { Scenario } from '../scenario.ts';

const BACKENDS = 10_000;
const QUICK_BACKENDS = 2_000;
const INTERVAL_MS = 5_000;
/** For the cost of one type: as many checks a second as of a type in the fleet. */
const ONE_TYPE = { backends: 400, intervalMs: 1_000, silent: false };

interface Timing {
  readonly checks: number;
  readonly cpuUs: number;
  /** In percent of the interval. */
  readonly late: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly mostRunning: number;
}

export const checks: Scenario = async (scope, { cpus, options, progress }) => {
  const ports = await startServers(scope, cpus);
  const timing = (shape: FleetShape) => time(cpus, [JSON.stringify(ports), JSON.stringify(shape)]);
  const isQuick = options.pairs === 1;
  const backends = isQuick ? QUICK_BACKENDS : BACKENDS;
  const rows: Row[] = [];
  const row = (what: string, unit: string, value: number, bar: Row['bar'] = { kind: 'none' }): void =>
    void rows.push({ what, unit, ours: [value], theirs: [], bar });
  for (const type of isQuick ? (['tcp', 'https'] as const) : CHECKED_TYPES) {
    progress(`checks: the cost of one, ${type}`);
    row(`CPU per check, ${type}`, 'µs', (await timing({ ...ONE_TYPE, types: [type] })).cpuUs);
  }
  progress(`checks: ${backends} backends, a tenth silent`);
  const shape = { types: CHECKED_TYPES, backends, intervalMs: INTERVAL_MS, silent: true };
  const all = await timing(shape);
  for (const part of ['p50', 'p99', 'max'] as const)
    row(`how late checks of ${backends} backends begin, ${part}`, '% of the interval', all.late[part]);

  const backend = await startWebBackend(scope, cpus.others);
  const setup = {
    cpus,
    backends: backend.addresses,
    connections: LATENCY_CONNECTIONS,
    engine: options.engine,
  };
  const more = checkedFleet(ports, shape);
  const [quiet, checked] = [
    await startEquipoise(scope, setup),
    await startEquipoise(scope, { ...setup, more }),
  ];
  const cases = [
    { ...quiet, name: 'quiet' },
    { ...quiet, name: 'quiet again' },
    { ...checked, name: 'checked' },
  ];
  const rate = await chooseRate(scope, cpus, backend, [quiet]);
  progress(`checks: latency at ${rate} requests per second`);
  const load = { path: SMALL.path, connections: LATENCY_CONNECTIONS, rate };
  const latency = (seconds: number) => (one: (typeof cases)[number]) =>
    webRun(scope, one, { cpus, backend, load, seconds });
  await interleave(cases, 1, latency(LATENCY_WARM_UP_SECONDS));
  const measured = await interleave(cases, options.pairs, latency(2 * options.seconds));
  const ms = (name: string, pick: 'p50Us' | 'p99Us') =>
    (measured.get(name) ?? []).map(({ wrk }) => wrk[pick] / 1_000);
  for (const pick of ['p50Us', 'p99Us'] as const) {
    rows.push({
      what: `${pick.slice(0, 3)} of requests while ${backends} backends are checked`,
      unit: 'ms',
      ours: ms('checked', pick),
      theirs: ms('quiet', pick),
      again: ms('quiet again', pick),
      against: 'we, quiet',
      bar: { kind: 'none' },
    });
  }
  return {
    rows,
    notes: [
      `checks: ${all.checks} checks of all types, ${Math.round(all.cpuUs)} µs of CPU each; ${all.mostRunning} ran at once at most`,
      ...missedRates('checks', rate, measured),
    ],
  };
};

async function startServers(scope: Scope, { others }: Cpus): Promise<FleetPorts> {
  const { server } = makeCertificates(temporaryFolder(scope));
  const program = [built('bench/programs/checked-servers.js'), server.cert, server.key];
  const servers = startPinned(scope, others, process.execPath, program);
  return servers.line((line) => JSON.parse(line) as FleetPorts, 'the ports of the servers');
}

async function time({ subject }: Cpus, args: readonly string[]): Promise<Timing> {
  const [command, ...pinned] = pinnedTo(subject);
  const program = [process.execPath, built('bench/programs/check-timing.js')];
  const { code, stdout, stderr } = await run(command, [...pinned, ...program, ...args]);
  if (code !== 0) throw new Error(`check-timing ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Timing;
}
