/** TLS terminated: CPU for a handshake, whole and resumed, for a request and for a gigabyte, with the same key and cipher. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder, type Scope } from '../../harness/programs/processes.ts';
import type { Balancer, BalancerKind } from '../balancers/balancer.ts';
import { startEquipoise } from '../balancers/equipoise.ts';
import { haproxyKind } from '../balancers/haproxy.ts';
import { HAPROXY, HAPROXY_AGAIN, OURS } from '../contestant-names.ts';
import { startAll } from '../contestants.ts';
import type { Engine } from '../engine-flag.ts';
import { interleave } from '../interleave.ts';
import type { SourceAnswer, SourceQuestion } from '../load/bulk-protocol.ts';
import { startGenerator } from '../load/generator.ts';
import type { HandshakesAnswer, HandshakesQuestion } from '../load/handshakes-protocol.ts';
import { SMALL, startWebBackend } from '../load/nginx-backend.ts';
import { cpuBetween, readCpu } from '../measure/process-figures.ts';
import { webNotes } from '../measure/web-notes.ts';
import { webRun } from '../measure/web-run.ts';
import { eachOf, seriesOf } from '../report/series.ts';
import type { Row } from '../report/row.ts';
import { within } from '../run-scope.ts';
import type { Scenario } from '../scenario.ts';
import { transfer } from './bulk.ts';

const LANES = 16;
const WARM_UP_MS = 500;

const BAR = { kind: 'at_most', times: 1.1 } as const;

export const tls: Scenario = async (scope, { cpus, options, progress }) => {
  const kinds = contestants(options.engine, certificateIn(temporaryFolder(scope)));
  const backend = await startWebBackend(scope, cpus.others);
  const source = startGenerator<SourceQuestion, SourceAnswer>(scope, cpus.others, 'bulk-source');
  const { port } = await source.ask({ listen: '127.0.0.1' });
  const web = await startAll(scope, kinds, cpus, backend.addresses);
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const resume of [false, true]) {
    const what = resume ? 'resumed TLS handshake' : 'TLS handshake';
    progress(what);
    const plan = { cpu: cpus.others, resume, seconds: options.seconds };
    const measured = await interleave(web, options.pairs, (balancer) => handshakes(scope, balancer, plan));
    const cpu = seriesOf(measured, ({ cpuUs }) => cpuUs);
    rows.push({ what: `CPU per ${what}, with a connection and a request`, unit: 'µs', ...cpu, bar: BAR });
    const rate = seriesOf(measured, ({ perSecond }) => perSecond);
    rows.push({ what: `${what}s per second`, unit: '/s', ...rate, bar: { kind: 'none' } });
    notes.push(
      `${what}: resumed of 100: ${eachOf(measured, ({ resumed }) => resumed)}`,
      `${what}: failed: ${eachOf(measured, ({ failed }) => failed)}`,
    );
  }
  progress('TLS, requests');
  const load = { path: SMALL.path, connections: 64, tls: true };
  const requests = await interleave(web, options.pairs, (balancer) =>
    webRun(scope, balancer, { cpus, backend, load, seconds: options.seconds }),
  );
  const perRequest = seriesOf(requests, ({ window }) => window.cpuUsPerRequest);
  rows.push({
    what: `CPU per request over TLS, 64 connections, ${SMALL.label}`,
    unit: 'µs',
    ...perRequest,
    bar: BAR,
  });
  notes.push(...webNotes('TLS, requests', requests));
  progress('TLS, bulk');
  const bulk = await startAll(scope, kinds, cpus, [`127.0.0.1:${port}`]);
  const transfers = await interleave(bulk, options.pairs, (balancer) =>
    transfer(scope, balancer, cpus.others, { warmUpMs: WARM_UP_MS, seconds: options.seconds, tls: true }),
  );
  const perGb = seriesOf(transfers, ({ cpuSecondsPerGb }) => cpuSecondsPerGb);
  rows.push({ what: 'CPU per GB over TLS, bulk', unit: 's', ...perGb, bar: BAR });
  notes.push(`TLS, bulk: GB per second: ${eachOf(transfers, ({ gbPerSecond }) => gbPerSecond)}`);
  return { rows, notes };
};

/** `bench.pem`, as certbot makes keys: ECDSA on P-256. */
function certificateIn(folder: string): string {
  const file = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('key')];
  const args = ['req', '-x509', ...key, '-subj', '/CN=127.0.0.1', '-days', '2', '-out', file('cert')];
  execFileSync('openssl', args, { stdio: 'pipe' });
  writeFileSync(file('bench.pem'), readFileSync(file('cert'), 'utf8') + readFileSync(file('key'), 'utf8'), {
    mode: 0o600,
  });
  return folder;
}

function contestants(engine: Engine, folder: string): readonly BalancerKind[] {
  const bind = `ssl crt ${join(folder, 'bench.pem')}`;
  const form = { global: [], defaults: [], bind };
  return [
    {
      name: OURS,
      start: (scope, around) => startEquipoise(scope, { ...around, engine, certificates: folder }),
    },
    haproxyKind(HAPROXY, form),
    haproxyKind(HAPROXY_AGAIN, form),
  ];
}

interface Handshakes {
  readonly cpuUs: number;
  readonly perSecond: number;
  /** Of a hundred. */
  readonly resumed: number;
  readonly failed: number;
}

function handshakes(
  outer: Scope,
  { address, pid }: Balancer,
  { cpu, resume, seconds }: { readonly cpu: number; readonly resume: boolean; readonly seconds: number },
): Promise<Handshakes> {
  return within(outer, async (scope) => {
    const clients = startGenerator<HandshakesQuestion, HandshakesAnswer>(scope, cpu, 'tls-clients');
    const [host = '', port = ''] = address.split(':');
    await clients.ask({ do: 'start', host, port: Number(port), path: SMALL.path, lanes: LANES, resume });
    await wait(WARM_UP_MS);
    const sample = async () => {
      const counts = await clients.ask({ do: 'count' });
      return { counts, cpu: readCpu(pid), atMs: performance.now() };
    };
    const before = await sample();
    await wait(seconds * 1_000);
    const after = await sample();
    await clients.ask({ do: 'stop' });
    const grown = (field: keyof HandshakesAnswer) => after.counts[field] - before.counts[field];
    return {
      cpuUs: cpuBetween(before.cpu, after.cpu).cpuUs / grown('connections'),
      perSecond: (1_000 * grown('connections')) / (after.atMs - before.atMs),
      resumed: (100 * grown('resumed')) / grown('connections'),
      failed: grown('failed'),
    };
  });
}
