/** `npm run bench`: this load balancer beside HAProxy and nginx, as a table of what must be reached. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKOUT } from '../harness/programs/processes.ts';
import { HELP, parseBench, type BenchOptions } from './bench-options.ts';
import { describeMachine, machineLines, type Machine } from './machine.ts';
import { chooseCpus, pinMyself, type Cpus } from './pinning.ts';
import { judge, type JudgedRow } from './report/row.ts';
import { tableLines } from './report/table.ts';
import { programScope, within, type RunScope } from './run-scope.ts';
import type { Findings, Scenario, ScenarioName } from './scenario.ts';
import { atomics } from './scenarios/atomics.ts';
import { bulk } from './scenarios/bulk.ts';
import { checks } from './scenarios/checks.ts';
import { changing } from './scenarios/changing.ts';
import { keepAlive } from './scenarios/keep-alive.ts';
import { latency } from './scenarios/latency.ts';
import { memory } from './scenarios/memory.ts';
import { newConnections } from './scenarios/new-connections.ts';
import { pauses } from './scenarios/pauses.ts';
import { tls } from './scenarios/tls.ts';
import { systemCalls } from './scenarios/system-calls.ts';
import { missingPeers, requireLoadTools } from './tools.ts';

const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  'keep-alive': keepAlive,
  'new-connections': newConnections,
  'system-calls': systemCalls,
  latency,
  changing,
  bulk,
  pauses,
  atomics,
  checks,
  memory,
  tls,
};

interface Result {
  readonly machine: Machine;
  readonly cpus: Cpus;
  readonly options: BenchOptions;
  readonly seconds: number;
  readonly rows: readonly JudgedRow[];
  readonly notes: readonly string[];
  /** Kinds of measurement that could not be made. */
  readonly failed: readonly ScenarioName[];
}

async function main(): Promise<number> {
  const parsed = parseBench(process.argv.slice(2));
  if (parsed.kind === 'help') {
    console.log(HELP);
    return 0;
  }
  if (parsed.kind === 'wrong') {
    console.error(`${parsed.reason}\n\n${HELP}`);
    return 2;
  }
  const scope = programScope();
  try {
    requireLoadTools();
    const result = await runAll(scope, parsed.options);
    report(result);
    return result.failed.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await scope.close();
  }
}

async function runAll(scope: RunScope, options: BenchOptions): Promise<Result> {
  const startedMs = performance.now();
  const cpus = chooseCpus();
  const machine = await describeMachine();
  for (const line of [...machineLines(machine), ...missingPeers(), pinningLine(cpus)]) console.log(line);
  await pinMyself(cpus.others);
  const rows: JudgedRow[] = [];
  const notes: string[] = [...missingPeers()];
  const failed: ScenarioName[] = [];
  for (const name of options.only) {
    const progress = (text: string) => console.log(`[${secondsSince(startedMs)} s] ${text}`);
    const found = await within(scope, (inner) => SCENARIOS[name](inner, { options, cpus, progress })).catch(
      // What one kind can't do does not cost the others.
      (error: unknown): Findings => {
        console.error(error);
        failed.push(name);
        return { rows: [], notes: [`${name} FAILED: ${String(error)}`] };
      },
    );
    const judged = found.rows.map(judge);
    for (const line of [...tableLines(judged), ...found.notes]) console.log(line);
    rows.push(...judged);
    notes.push(...found.notes);
  }
  return { machine, cpus, options, seconds: secondsSince(startedMs), rows, notes, failed };
}

function pinningLine({ subject, others }: Cpus): string {
  return `process under test on CPU ${subject}; load, backends and control plane on CPU ${others}`;
}

function report(result: Result): void {
  const { machine, options, rows, notes, seconds } = result;
  const file =
    options.jsonFile ?? join(CHECKOUT, 'bench/results', `${machine.time.replaceAll(':', '-')}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(['', ...machineLines(machine), '', ...tableLines(rows), '', ...notes, ''].join('\n'));
  console.log(`${seconds} s, pairs: ${options.pairs}. All figures: ${file}`);
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 1_000);
}

process.exitCode = await main();
