/** A committer at the edge of its rest: no proposal falls between the last look at what waits and the end of the run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPool } from '../../../../core/model/edits/pool.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { MemoryStore } from '../../../harness/memory-store.ts';
import { Replica } from '../../../harness/replica.ts';

describe('a committer that is about to rest', () => {
  it('takes a proposal at whatever moment it comes', async () => {
    const replica = new Replica(new MemoryStore(), { clock: new FakeClock(), random: seededRandom(7) });
    const propose = (name: string) => replica.propose(createPool({ name, backends: [] }));
    for (let turns = 0; turns < 40; turns += 1) {
      await propose(`first-${turns}`);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      // The clock stands still: a proposal that nobody looks at would wait for ever.
      const settled = propose(`second-${turns}`).then(() => true);
      const never = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5_000).unref());
      assert.equal(await Promise.race([settled, never]), true, `after ${turns} turns`);
    }
    await replica.close();
  });
});
