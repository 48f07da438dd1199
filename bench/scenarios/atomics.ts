/** What an atomic addition costs: every connection makes four of them, and bytes none (docs/design.md). */
import { built, run } from '../../harness/programs/processes.ts';
import type { Scenario } from '../scenario.ts';
import { requireTool } from '../tools.ts';

interface Costs {
  readonly ownNs: number;
  readonly contendedNs: number;
}

export const atomics: Scenario = async (_scope, { cpus, options, progress }) => {
  progress('atomics');
  const costs: Costs[] = [];
  for (let pair = 0; pair < options.pairs; pair++) {
    // On both CPUs: on one, the two threads would never meet.
    const { code, stdout, stderr } = await run(requireTool('taskset'), [
      '-c',
      `${cpus.subject},${cpus.others}`,
      process.execPath,
      built('bench/programs/atomic-costs.js'),
    ]);
    if (code !== 0) throw new Error(`atomic-costs ended with ${code}: ${stderr}`);
    costs.push(JSON.parse(stdout) as Costs);
  }
  const row = (what: string, ours: readonly number[]) => ({
    what,
    unit: 'ns',
    ours,
    theirs: [],
    bar: { kind: 'none' } as const,
  });
  return {
    rows: [
      row(
        'an atomic addition, nobody else at that cell',
        costs.map(({ ownNs }) => ownNs),
      ),
      row(
        'an atomic addition, another thread adds all the time',
        costs.map(({ contendedNs }) => contendedNs),
      ),
    ],
    notes: [],
  };
};
