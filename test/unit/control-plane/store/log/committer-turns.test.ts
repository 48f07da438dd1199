import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { MemoryStore } from '../../../../../harness/store/memory-store.ts';
import { Replica } from '../../../../../harness/store/replica.ts';

describe('a proposal that comes the moment another one is answered', () => {
  for (let turns = 0; turns <= 3; turns++) {
    it(`is not left lying, ${turns} turns after that`, async (context) => {
      const replica = new Replica(new MemoryStore(), { clock: new FakeClock(), random: seededRandom(1) });
      context.after(() => replica.close());
      const edit = createPool({ name: 'web', backends: [] });
      await replica.propose(edit, { requestId: 'first' });
      // Answered without an append: the batch ends in the same turns as its caller goes on.
      await replica.propose(edit, { requestId: 'first' });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const next = replica.propose(createPool({ name: 'api', backends: [] }));
      const left = new Promise((resolve) => setTimeout(() => resolve('left lying'), 2_000).unref());
      assert.equal(await Promise.race([next.then(({ revision }) => revision), left]), 2);
    });
  }
});
