/**
 * The protocol, checked exhaustively: every interleaving of small worlds, see docs/reliability.md.
 * `npm run test:long` explores larger ones too, which takes minutes; EXPLORE=huge those too that may not end.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byRunLength } from '../../harness/run-length.ts';
import { HUGE, LARGE, SMALL } from './bounds.ts';
import { explore, inWords } from './explore.ts';
import { PRODUCT } from './machines.ts';
import { worldOf } from './world/model.ts';

const MAX_STATES = 5_000_000;

const worlds = [...SMALL, ...byRunLength([], LARGE), ...(process.env['EXPLORE'] === 'huge' ? HUGE : [])];

describe('never backwards, never a mixture, nothing acknowledged lost, no deadlock, and convergence', () => {
  for (const bounds of worlds) {
    it(`hold in every state of: ${bounds.name}`, (test) => {
      const found = explore(worldOf(PRODUCT, bounds), MAX_STATES);
      const { counterexample, states, depth, complete, calmStates } = found;
      test.diagnostic(`${states} states, up to ${depth} steps deep; ${calmStates} without faults converge`);
      assert.equal(counterexample && inWords(counterexample), null);
      assert.ok(complete, `more than ${MAX_STATES} states`);
    });
  }
});
