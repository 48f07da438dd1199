/**
 * p99 while everything changes: ten changes of the plan a second, a backend that goes up and down, /metrics read each
 * second, 1,000 backends. Compared with our own quiet run of the same configuration.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Balancer } from '../balancers/balancer.ts';
import { runningRevision, startEquipoise } from '../balancers/equipoise.ts';
import { changerOf, type Changes } from '../changes.ts';
import { haproxy } from '../balancers/haproxy.ts';
import { startAll } from '../contestants.ts';
import { startFlappingBackend } from '../flapping-backend.ts';
import { interleave } from '../interleave.ts';
import {
  chooseRate,
  LATENCY_CONNECTIONS,
  LATENCY_TIMES_SECONDS,
  LATENCY_WARM_UP_SECONDS,
  missedRates,
} from '../latency-rate.ts';
import { SMALL, startWebBackend } from '../load/nginx-backend.ts';
import { webRun, type WebRun } from '../measure/web-run.ts';
import { eachOf } from '../report/series.ts';
import { figure } from '../report/table.ts';
import type { Scenario } from '../scenario.ts';
import { findTool } from '../tools.ts';

/** With the flapping one: 1,000. */
const STEADY_BACKENDS = 999;
const HOSTS_A_NET = 250;

interface Case {
  readonly name: string;
  readonly balancer: Balancer;
  readonly changing: boolean;
}

/** Loopback addresses, as many as wanted. Pure. */
function loopbackHosts(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => `127.1.${Math.floor(index / HOSTS_A_NET)}.${1 + (index % HOSTS_A_NET)}`,
  );
}

export const changing: Scenario = async (scope, { cpus, options, progress }) => {
  const backend = await startWebBackend(scope, cpus.others, loopbackHosts(STEADY_BACKENDS));
  const flapping = await startFlappingBackend(scope);
  progress('changing: starting with 1,000 backends');
  const ours = await startEquipoise(scope, {
    cpus,
    backends: backend.addresses,
    connections: LATENCY_CONNECTIONS,
    engine: options.engine,
    more: flapping.resources,
  });
  const [first = ''] = backend.addresses;
  const peers = findTool('haproxy') === undefined ? [] : await startAll(scope, [haproxy], cpus, [first]);
  const rate = await chooseRate(scope, cpus, backend, [...peers, ours]);
  progress(`changing: at ${rate} requests per second`);

  const direct: Balancer = { name: 'direct', pid: ours.pid, address: first };
  const cases: readonly Case[] = [
    { name: 'quiet', balancer: ours, changing: false },
    { name: 'changing', balancer: ours, changing: true },
    { name: 'direct, quiet', balancer: direct, changing: false },
    { name: 'direct, changing', balancer: direct, changing: true },
  ];
  const seconds = LATENCY_TIMES_SECONDS * options.seconds;
  const load = { path: SMALL.path, connections: LATENCY_CONNECTIONS, rate };
  const changer = changerOf(ours, backend.addresses, flapping);
  const done: Changes[] = [];
  const run = (one: Case, seconds: number): Promise<WebRun> =>
    webRun(scope, one.balancer, {
      cpus,
      backend,
      load,
      seconds,
      ...(one.changing && {
        meanwhile: async () => void done.push(await changer.run(seconds)),
      }),
    });
  await interleave(cases, 1, (one) => run(one, LATENCY_WARM_UP_SECONDS));
  done.length = 0;
  const measured = await interleave(cases, options.pairs, (one) => run(one, seconds));
  const p99 = (name: string) => (measured.get(name) ?? []).map(({ wrk }) => wrk.p99Us / 1_000);
  await wait(1_000);
  const proxy = ours.proxies[0];
  const sum = (pick: (changes: Changes) => number) =>
    done.reduce((total, changes) => total + pick(changes), 0);
  return {
    rows: [
      {
        what: 'p99 while the plan changes 10 times a second',
        unit: 'ms',
        ours: p99('changing'),
        theirs: p99('quiet'),
        against: 'we, quiet',
        bar: { kind: 'at_most', times: 1.25 },
      },
      {
        what: 'the same without a balancer: what the changes do to the load itself',
        unit: 'ms',
        ours: p99('direct, changing'),
        theirs: p99('direct, quiet'),
        against: 'quiet',
        bar: { kind: 'none' },
      },
    ],
    notes: [
      `changing: wanted ${rate} requests per second, reached: ${eachOf(measured, ({ window }) => window.requestsPerSecond)}`,
      ...missedRates('changing', rate, measured),
      `changing: changes per second ${figure(sum(({ commits }) => commits) / sum((each) => each.seconds))}, flips ${sum(({ flips }) => flips)}, scrapes ${sum(({ scrapes }) => scrapes)} of ${figure(sum((each) => each.scrapeBytes) / sum(({ scrapes }) => scrapes) / 1_024)} KiB`,
      `changing: last revision committed ${Math.max(...done.map(({ revision }) => revision))}, run by the proxy ${proxy === undefined ? '-' : await runningRevision(proxy)}`,
    ],
  };
};
