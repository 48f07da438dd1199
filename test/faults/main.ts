/**
 * `npm run test:faults`: fault runs with many seeds, then rounds of kill -9 on the embedded store. A seed gives the
 * same script of faults and the same draws of the writers again, not the same interleaving.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { programScope, within } from '../../bench/run-scope.ts';
import { findEtcd, HOW_TO_GET_ETCD } from '../harness/etcd.ts';
import { runRound } from './round.ts';

const HELP = `npm run test:faults -- [flags]      real processes under a seeded script of faults

  --seed N            the first seed; 1 when left out. The same seed draws the same script
  --rounds N          so many seeds, one after the other; 1 when left out
  --seconds N         how long each round has faults; 30 when left out
  --writers N         callers that change pools at once; 5 when left out
  --converge-ms N     a round fails when the proxies take longer after the last fault; 5000 when left out
  --keep              keep the logs of rounds that passed, too
  --help              this text`;

interface Options {
  readonly seed: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly writers: number;
  readonly convergeMs: number;
  readonly keep: boolean;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'number') return options;
  if (findEtcd() === undefined) {
    console.error(`etcd is missing: ${HOW_TO_GET_ETCD}`);
    return 1;
  }
  const scope = programScope();
  const failed: number[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const seed = options.seed + round;
    const folder = mkdtempSync(join(tmpdir(), `equipoise-faults-${seed}-`));
    console.log(`seed ${seed}:`);
    try {
      const { seconds, writers, convergeMs: convergeWithinMs } = options;
      const report = await within(scope, (inner) =>
        runRound(inner, { seed, seconds, writers, convergeWithinMs, folder }),
      );
      for (const line of report.script) console.log(`  ${line}`);
      console.log(`  ${report.summary}`);
      for (const violation of report.violations) console.log(`VIOLATED: ${violation}`);
      if (report.violations.length > 0) failed.push(seed);
    } catch (error) {
      console.log(`VIOLATED: ${error instanceof Error ? error.stack : String(error)}`);
      failed.push(seed);
    }
    if (failed.includes(seed) || options.keep) console.log(`the logs of all processes are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
  console.log(failed.length === 0 ? `passed ${options.rounds}` : `FAILED with seeds ${failed.join(', ')}`);
  await scope.close();
  return failed.length === 0 ? 0 : 1;
}

/** Or the code to exit with. */
function readOptions(): Options | number {
  const number = (text: string) => ({ type: 'string', default: text }) as const;
  const { values } = parseArgs({
    options: {
      seed: number('1'),
      rounds: number('1'),
      seconds: number('30'),
      writers: number('5'),
      'converge-ms': number('5000'),
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const options = {
    seed: Number(values.seed),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    writers: Number(values.writers),
    convergeMs: Number(values['converge-ms']),
  };
  const areWhole = Object.values(options).every((value) => Number.isSafeInteger(value) && value > 0);
  if (values.help || !areWhole) {
    console.error(HELP);
    return values.help ? 0 : 2;
  }
  return { ...options, keep: values.keep };
}

process.exitCode = await main();
