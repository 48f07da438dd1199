/** `npm run bench:control-plane`: how long changes, fail-over and distribution take, and what they put on the wire. */
import { parseArgs } from 'node:util';
import { applied } from './control-plane/applied.ts';
import { commits } from './control-plane/commits.ts';
import { deltaBytes } from './control-plane/delta-bytes.ts';
import { failOver } from './control-plane/fail-over.ts';
import { describeMachine, machineLines } from './machine.ts';
import { align } from './report/table.ts';
import { programScope, type RunScope } from './run-scope.ts';

const HELP = `npm run bench:control-plane -- [flags]      commits, distribution and fail-over

  --quick             fewer of each: not for figures
  --help              this text`;

const FULL = { commitMs: 10_000, changes: 100, failOvers: 10 };
const QUICK = { commitMs: 2_000, changes: 20, failOvers: 2 };

async function measureAll(scope: RunScope, { commitMs, changes, failOvers }: typeof FULL): Promise<void> {
  for (const line of machineLines(await describeMachine())) console.log(line);
  const parts = {
    'commits: from the call until its answer, over one connection': () => commits(scope, commitMs),
    'from the call until the change runs in every proxy': () => applied(scope, changes),
    'kill -9 of a control plane until its proxy runs a change made through another': () =>
      failOver(scope, failOvers),
    'bytes from a control plane to a proxy': () => deltaBytes(scope),
  };
  for (const [title, measure] of Object.entries(parts)) {
    console.log(['', `${title}:`, '', ...align(await measure())].join('\n'));
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const scope = programScope();
  try {
    await measureAll(scope, values.quick ? QUICK : FULL);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await scope.close();
  }
}

process.exitCode = await main();
