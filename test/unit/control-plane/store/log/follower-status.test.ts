/** What a follower says of a store that is away: once, not with every look. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LogFollower } from '../../../../../control-plane/store/log/log-follower.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';
import { seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { MemoryLog, MemoryStore } from '../../../../../harness/store/memory-store.ts';

it('an outage is said once, though the client says another time and duration with every look', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore(new MemoryLog('store'));
  const head = store.head.bind(store);
  let looks = 0;
  let isAway = true;
  store.head = async () => {
    looks += 1;
    if (!isAway) return head();
    throw new LbError('UNAVAILABLE', `deadline exceeded after 2.${looks} s (at 19:32:${looks})`);
  };
  const statuses: string[] = [];
  const follower = new LogFollower({
    store,
    clock,
    random: seededRandom(1),
    onStatus: (status) => statuses.push(status.ready ? 'ready' : status.reason),
  });
  follower.start();
  await clock.advanceSettling(10_000);
  assert.ok(looks > 10);
  assert.deepEqual(statuses, ['deadline exceeded after 2.1 s (at 19:32:1)']);
  isAway = false;
  await clock.advanceSettling(2_000);
  assert.deepEqual(statuses.slice(1), ['ready']);
  await follower.stop();
});
