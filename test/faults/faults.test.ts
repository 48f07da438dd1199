/**
 * Real processes under a seeded script of faults: one short script in `npm test`, many longer ones in `npm run test:faults`.
 * A seed gives the same script of faults and the same draws of the writers again, not the same interleaving.
 * LB_FAULT_SEED is the first seed, LB_FAULT_ROUNDS how many follow each other, LB_FAULT_SECONDS how long each has faults.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { randomBelow, systemRandom } from '../../core/runtime/random.ts';
import { findEtcd, HOW_TO_GET_ETCD } from '../../harness/programs/etcd.ts';
import { byRunLength } from '../../harness/run-length.ts';
import { runRound, SHAPE } from './round.ts';
import { describeScript, drawScript } from './script.ts';

const FIRST_SEED = fromEnvironment('LB_FAULT_SEED', 1 + randomBelow(systemRandom, 1_000_000));
const ROUNDS = fromEnvironment('LB_FAULT_ROUNDS', byRunLength(1, 10));
const SECONDS = fromEnvironment('LB_FAULT_SECONDS', byRunLength(12, 30));
const WRITERS = byRunLength(4, 5);
/** Beside other tests the machine is busy; alone, the promise is five seconds. */
const CONVERGE_WITHIN_MS = byRunLength(30_000, 5_000);

function fromEnvironment(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  assert.ok(Number.isSafeInteger(value) && value > 0, `${name} has to be a whole number above 0`);
  return value;
}

for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed += 1) {
  describe(`a fleet under a script of faults, seed ${seed}`, () => {
    it('loses no acknowledged write, no order, no client and no byte, and converges', async (t) => {
      if (findEtcd() === undefined) return t.skip(HOW_TO_GET_ETCD);
      const folder = mkdtempSync(join(tmpdir(), `equipoise-faults-${seed}-`));
      const bounds = { seconds: SECONDS, writers: WRITERS, convergeWithinMs: CONVERGE_WITHIN_MS };
      const context = [
        '',
        `seed ${seed}:`,
        ...describeScript(drawScript(seed, SECONDS, SHAPE)),
        `the logs of all processes are in ${folder}`,
      ];
      const { violations, summary } = await runRound(t, { seed, folder, ...bounds }).catch(
        (error: unknown) => {
          throw new Error(context.join('\n'), { cause: error });
        },
      );
      t.diagnostic(summary);
      assert.equal(violations.length, 0, [...context, ...violations].join('\n'));
      t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    });
  });
}
