/** Memory of 9,000 quiet connections, what they cost while nothing happens, and whether cycles leave something behind. */
import { setTimeout as wait } from 'node:timers/promises';
import { eventually, type Scope } from '../../harness/programs/processes.ts';
import type { Balancer, BalancerKind } from '../balancers/balancer.ts';
import { equipoise } from '../balancers/equipoise.ts';
import { haproxy } from '../balancers/haproxy.ts';
import { HAPROXY, OURS } from '../contestant-names.ts';
import { openIdle, startEchoBackend, startIdleClients, type IdleClients } from '../load/idle-load.ts';
import { countDescriptors, cpuBetween, readCpu, readPss } from '../measure/process-figures.ts';
import { figure } from '../report/table.ts';
import { within } from '../run-scope.ts';
import type { BenchContext, Scenario } from '../scenario.ts';
import { findTool } from '../tools.ts';

const FEW = 1_000;
const MANY = 9_000;
/** Room for the connections, within 20,000 descriptors. */
const LIMIT = 9_500;
/** After opening or closing, until memory is looked at. */
const SETTLE_MS = 500;
const IDLE_TIMES_SECONDS = 5;
/** Heaps wander; 50 B left behind by each connection of ten cycles would pass this. */
const MOST_GROWTH = 1.1;
const MIB = 2 ** 20;

interface Figures {
  readonly pssAt: readonly [none: number, few: number, many: number];
  /** Of one CPU, with MANY quiet connections. */
  readonly idleShare: number;
  /** Memory when full, a value a cycle. */
  readonly cycles: readonly number[];
}

export const memory: Scenario = async (scope, context) => {
  const { options, progress } = context;
  progress(`memory, ${MANY.toLocaleString('en-US')} connections`);
  const ours = await measure(scope, context, equipoise(options.engine), options.cycles);
  const peer = findTool('haproxy') === undefined ? undefined : await measure(scope, context, haproxy, 0);
  const theirs = (pick: (figures: Figures) => number) => (peer === undefined ? [] : [pick(peer)]);
  return {
    rows: [
      {
        what: `user memory per idle connection, ${MANY.toLocaleString('en-US')}`,
        unit: 'B',
        ours: [perConnection(ours)],
        theirs: theirs(perConnection),
        bar: { kind: 'value_at_most', value: 512 },
      },
      {
        what: `memory when full, second half of ${options.cycles} cycles against the first`,
        unit: '×',
        ours: [growth(ours.cycles)],
        theirs: [],
        bar: { kind: 'value_at_most', value: MOST_GROWTH },
      },
      {
        what: `CPU with ${MANY.toLocaleString('en-US')} quiet connections`,
        unit: '% of a core',
        ours: [100 * ours.idleShare],
        theirs: theirs(({ idleShare }) => 100 * idleShare),
        bar: { kind: 'value_at_most', value: 1 },
      },
    ],
    notes: [
      memoryNote(OURS, ours),
      ...(peer === undefined ? [] : [memoryNote(HAPROXY, peer)]),
      `memory: ${OURS} when full, each cycle, MiB: ${ours.cycles.map((bytes) => figure(bytes / MIB)).join(' ')}`,
    ],
  };
};

function perConnection({ pssAt: [none, , many] }: Figures): number {
  return (many - none) / MANY;
}

/** The lowest of the second half against the lowest of the first: what garbage collection does not bring back. */
function growth(cycles: readonly number[]): number {
  const half = Math.ceil(cycles.length / 2);
  return Math.min(...cycles.slice(half)) / Math.min(...cycles.slice(0, half));
}

function memoryNote(name: string, { pssAt }: Figures): string {
  const [none, few, many] = pssAt;
  const slope = (many - few) / (MANY - FEW);
  const totals = pssAt.map((bytes) => figure(bytes / MIB)).join(', ');
  return `memory: ${name} PSS at 0, ${FEW}, ${MANY} connections: ${totals} MiB; ${figure((few - none) / FEW)} B each up to ${FEW}, ${figure(slope)} B each from there`;
}

/** In a fresh process. */
function measure(
  outer: Scope,
  { cpus, options }: BenchContext,
  kind: BalancerKind,
  cycles: number,
): Promise<Figures> {
  return within(outer, async (scope) => {
    const backends = await startEchoBackend(scope, cpus.others);
    const clients = startIdleClients(scope, cpus.others);
    const balancer = await kind.start(scope, { cpus, backends, connections: LIMIT });
    const descriptors = countDescriptors(balancer.pid);
    const pss = async (more: number) => {
      if (more > 0) await openIdle(clients, balancer.address, more);
      await wait(SETTLE_MS);
      return readPss(balancer.pid);
    };
    const pssAt = [await pss(0), await pss(FEW), await pss(MANY - FEW)] as const;
    const idleShare = await cpuShare(balancer, IDLE_TIMES_SECONDS * options.seconds);
    const full = [pssAt[2]];
    for (let cycle = 1; cycle < cycles; cycle += 1) {
      await drain(clients, balancer, descriptors);
      full.push(await pss(MANY));
    }
    return { pssAt, idleShare, cycles: full };
  });
}

async function cpuShare({ pid }: Balancer, seconds: number): Promise<number> {
  const before = readCpu(pid);
  await wait(seconds * 1_000);
  return cpuBetween(before, readCpu(pid)).cpuUs / 1e6 / seconds;
}

/** Closes every connection, and waits until the balancer has as well. */
async function drain(clients: IdleClients, { pid, name }: Balancer, descriptors: number): Promise<void> {
  await clients.ask({ do: 'close' });
  await eventually(
    () => Promise.resolve(countDescriptors(pid) < descriptors + FEW / 10 ? true : undefined),
    `${name} closes its connections`,
  );
}
