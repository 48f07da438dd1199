/**
 * The short form of `npm run test:faults`: one seed, few seconds. LB_FAULT_SEED repeats the script of a run that
 * failed; the long form says more.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { randomBelow, systemRandom } from '../../core/runtime/random.ts';
import { findEtcd, HOW_TO_GET_ETCD } from '../../harness/programs/etcd.ts';
import { runRound, SHAPE } from './round.ts';
import { describeScript, drawScript } from './script.ts';

const SECONDS = 12;
const WRITERS = 4;
/** The machine may be busy with other things; the long form wants less. */
const CONVERGE_WITHIN_MS = 30_000;

describe('a fleet under a script of faults', () => {
  it('loses no acknowledged write, no order, no client and no byte, and converges', async (t) => {
    if (findEtcd() === undefined) return t.skip(HOW_TO_GET_ETCD);
    const seed = Number(process.env['LB_FAULT_SEED'] ?? 1 + randomBelow(systemRandom, 1_000_000));
    const folder = mkdtempSync(join(tmpdir(), `equipoise-faults-${seed}-`));
    t.diagnostic(`seed ${seed}`);
    const bounds = { seconds: SECONDS, writers: WRITERS, convergeWithinMs: CONVERGE_WITHIN_MS };
    const told = [
      '',
      `seed ${seed}:`,
      ...describeScript(drawScript(seed, SECONDS, SHAPE)),
      `the logs of all processes are in ${folder}`,
    ];
    const { violations, summary } = await runRound(t, { seed, folder, ...bounds }).catch((error: unknown) => {
      throw new Error(told.join('\n'), { cause: error });
    });
    t.diagnostic(summary);
    assert.equal(violations.length, 0, [...told, ...violations].join('\n'));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  });
});
