/** The explorer finds what it is there for: each defect that is put into a copy of a machine, and in few steps. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFECTS } from './broken-machines.ts';
import { explore, inWords } from './explore.ts';
import { PRODUCT } from './machines.ts';
import { worldOf } from './world/model.ts';

const MAX_STATES = 20_000;

describe('the explorer', () => {
  for (const defect of DEFECTS) {
    const { name, breaks, finds, kinds = [], changes = 1, proxy = true, trustsSender = false } = defect;
    it(`finds a ${name}`, (test) => {
      const faults = Math.min(kinds.length, 1);
      const bounds = { changes, inTurn: false, proxy, faults, kinds, reports: 0, trustsSender };
      const { states, counterexample } = explore(worldOf({ ...PRODUCT, ...breaks }, bounds), MAX_STATES);
      assert.ok(counterexample, `nothing found in ${states} states`);
      test.diagnostic(`found in ${states} states; ${inWords(counterexample)}`);
      assert.match(counterexample.what, finds);
      assert.ok(counterexample.steps.length <= 50, 'the counterexample is short');
    });
  }
});
