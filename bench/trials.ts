/** `npm run trials`: databases with a failing primary, behind Equipoise and, at the same time, behind HAProxy. docs/failover.md has the results. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { programScope, type RunScope, within } from './run-scope.ts';
import { SYSTEM_NAMES, SYSTEMS, type SystemName } from './trials/system.ts';
import { type RoundRecord, tableOf } from './trials/table.ts';
import { FAULTS, Trial } from './trials/trial.ts';

const HELP = `npm run trials -- [flags]      what clients see when the primary of a database fails

  --only SYSTEM       ${SYSTEM_NAMES.join(', ')}; all of them, side by side, when left out
  --rounds N          of each fault; 10 when left out
  --json FILE         writes the figures of every round there
  --help              this text

It needs root, for network namespaces, and Debian's packages: .ci/install-packages haproxy`;

async function runSystem(outer: RunScope, name: SystemName, rounds: number): Promise<readonly RoundRecord[]> {
  const system = SYSTEMS[name];
  return within(outer, async (scope) => {
    const trial = await Trial.start(scope, system);
    const records: RoundRecord[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      for (const fault of FAULTS) {
        const figures = Object.fromEntries(await trial.round(fault));
        records.push({ system: name, fault, figures });
        const each = Object.entries(figures).map(
          ([balancer, { lost, onReplica, stuck, firstWriteMs }]) =>
            `${balancer}: ${lost} lost, ${onReplica} on a replica, ${stuck} stuck, ${Math.round(firstWriteMs)} ms`,
        );
        console.log(`${name}, round ${round}, ${fault}: ${each.join('; ')}`);
      }
    }
    return records;
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '10' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  const names = SYSTEM_NAMES.filter((name) => values.only === undefined || values.only === name);
  if (values.help || names.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
    console.error(HELP);
    return values.help ? 0 : 2;
  }
  const scope = programScope();
  try {
    const results = await Promise.all(names.map((name) => runSystem(scope, name, rounds)));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results.flat(), null, 1));
    for (const [index, name] of names.entries()) {
      console.log(`\n${SYSTEMS[name].title}\n\n${tableOf(results[index] ?? []).join('\n')}`);
    }
    return 0;
  } finally {
    await scope.close();
  }
}

process.exitCode = await main();
