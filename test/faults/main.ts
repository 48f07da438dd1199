/**
 * `npm run test:faults`: fault runs with many seeds, then rounds of kill -9 on the embedded store. A seed gives the
 * same script of faults and the same draws of the writers again, not the same interleaving.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../core/runtime/random.ts';
import { programScope, within } from '../../harness/run-scope.ts';
import type { Scope } from '../../harness/programs/processes.ts';
import { findEtcd, HOW_TO_GET_ETCD } from '../../harness/programs/etcd.ts';
import { killWriterAgainAndAgain } from './lmdb-rounds.ts';
import { runRound, SHAPE } from './round.ts';
import { describeScript, drawScript } from './script.ts';

const HELP = `npm run test:faults -- [flags]      real processes under a seeded script of faults

  --seed N            the first seed; 1 when left out. The same seed draws the same script
  --rounds N          so many seeds, one after the other; 1 when left out
  --seconds N         how long each round has faults; 30 when left out
  --writers N         callers that change pools at once; 5 when left out
  --converge-ms N     a round fails when the proxies take longer after all faults; 5000 when left out
  --lmdb-rounds N     kill -9 of the writer of an embedded store in mid-write; 20 when left out, 0 for none
  --keep              keep the logs of rounds that passed, too
  --help              this text`;

interface Options {
  readonly seed: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly writers: number;
  readonly convergeMs: number;
  readonly lmdbRounds: number;
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
  const failed: string[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const seed = options.seed + round;
    if (!(await playSeed(scope, seed, options))) failed.push(`seed ${seed}`);
  }
  if (options.lmdbRounds > 0 && !(await killEmbedded(options))) failed.push('the embedded store');
  console.log(failed.length === 0 ? 'passed' : `FAILED: ${failed.join(', ')}`);
  await scope.close();
  return failed.length === 0 ? 0 : 1;
}

/** Whether it passed. */
async function playSeed(scope: Scope, seed: number, options: Options): Promise<boolean> {
  const { seconds, writers, convergeMs: convergeWithinMs } = options;
  const folder = mkdtempSync(join(tmpdir(), `equipoise-faults-${seed}-`));
  console.log(`seed ${seed}:`);
  for (const line of describeScript(drawScript(seed, seconds, SHAPE))) console.log(`  ${line}`);
  const violations = await within(scope, async (inner) => {
    const report = await runRound(inner, { seed, seconds, writers, convergeWithinMs, folder });
    console.log(`  ${report.summary}`);
    return report.violations;
  }).catch((error: unknown) => [error instanceof Error ? String(error.stack) : String(error)]);
  for (const violation of violations) console.log(`VIOLATED: ${violation}`);
  const hasPassed = violations.length === 0;
  if (!hasPassed || options.keep) console.log(`  the logs of all processes are in ${folder}`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  return hasPassed;
}

/** Whether nothing was lost. */
async function killEmbedded({ seed, lmdbRounds }: Options): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'equipoise-faults-lmdb-'));
  try {
    await killWriterAgainAndAgain(directory, lmdbRounds, seededRandom(seed));
    console.log(`embedded store: ${lmdbRounds} kills of its writer, nothing lost`);
    rmSync(directory, { recursive: true, force: true });
    return true;
  } catch (error) {
    console.log(`VIOLATED by the embedded store, kept in ${directory}: ${String(error)}`);
    return false;
  }
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
      'lmdb-rounds': number('20'),
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
  const lmdbRounds = Number(values['lmdb-rounds']);
  const areWhole =
    Object.values(options).every((value) => Number.isSafeInteger(value) && value > 0) &&
    Number.isSafeInteger(lmdbRounds) &&
    lmdbRounds >= 0;
  if (values.help || !areWhole) {
    console.error(HELP);
    return values.help ? 0 : 2;
  }
  return { ...options, lmdbRounds, keep: values.keep };
}

process.exitCode = await main();
