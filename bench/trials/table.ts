/** The figures of all rounds as a table. Pure. */
import { median } from '../report/statistics.ts';
import type { Figures } from './judge.ts';
import type { Fault } from './trial.ts';

/** One round of one fault: what each balancer's clients saw. */
export interface RoundRecord {
  readonly system: string;
  readonly fault: Fault;
  readonly figures: Readonly<Record<string, Figures>>;
}

const HEADER = [
  'fault',
  'balancer',
  'rounds',
  'acknowledged',
  'lost',
  'on a replica',
  'stuck clients',
  'first write after',
  'longest wait',
];

const FAULT_WORDS: Readonly<Record<Fault, string>> = {
  kill: 'kill -9',
  freeze: 'stopped for 20 s',
  switch: 'switched over',
  cut: 'cut from the proxies for 12 s',
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const seconds = (ms: number) => (Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)} s` : 'never');
const medianAndWorst = (values: readonly number[]) =>
  `${seconds(median(values))}, ${seconds(Math.max(...values))}`;

/** Lines of a Markdown table for one system. Counts are sums of the rounds; times are medians and worst ones. */
export function tableOf(records: readonly RoundRecord[]): readonly string[] {
  const rows = [...new Set(records.map(({ fault }) => fault))].flatMap((fault) => {
    const rounds = records.filter((record) => record.fault === fault);
    return Object.keys(rounds[0]?.figures ?? {}).map((balancer) => row(fault, balancer, rounds));
  });
  return [HEADER, HEADER.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function row(fault: Fault, balancer: string, rounds: readonly RoundRecord[]): readonly string[] {
  const all = rounds.map(({ figures }) => figures[balancer]).filter((each) => each !== undefined);
  const values = (name: Exclude<keyof Figures, 'waits'>) => all.map((each) => each[name]);
  return [
    FAULT_WORDS[fault],
    balancer,
    String(all.length),
    String(sum(values('acknowledged'))),
    String(sum(values('lost'))),
    String(sum(values('onReplica'))),
    String(sum(values('stuck'))),
    medianAndWorst(values('firstWriteMs')),
    medianAndWorst(values('longestWaitMs')),
  ];
}
