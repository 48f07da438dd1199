import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeCheckpoint } from '../../../../../control-plane/store/log/checkpoint-codec.ts';
import { LogFollower } from '../../../../../control-plane/store/log/log-follower.ts';
import type { Change } from '../../../../../core/model/commit.ts';
import { applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import { sealCommit } from '../../../../../core/model/hash.ts';
import { seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { MemoryLog, MemoryStore } from '../../../../../harness/store/memory-store.ts';
import { commitOn } from '../../../../../harness/state.ts';

const MINUTE_MS = 60_000;

/** The pool has 20 backends in minute 1 and loses one in each minute after; checkpoints at these revisions; it is minute 20. */
function make(...checkpoints: number[]) {
  const log = new MemoryLog('store');
  const clock = new FakeClock();
  const zeroMs = clock.wallMs() - 20 * MINUTE_MS;
  const stateAt = (revision: number) => applyCommits(emptyState('store'), log.commits.slice(0, revision));
  for (let revision = 1; revision <= 20; revision++) {
    const address = (index: number) => `10.0.0.${index}:80`;
    const backend = (index: number): Change => {
      const value = { pool: 'web', address: address(index), weight: 1, state: 'active' } as const;
      return { op: 'put', resource: { kind: 'backend', value } };
    };
    const pool: Change = { op: 'put', resource: { kind: 'pool', value: { name: 'web', policy: 'default' } } };
    const changes: Change[] =
      revision === 1
        ? [pool, ...Array.from({ length: 20 }, (_, index) => backend(index + 1))]
        : [{ op: 'delete', kind: 'backend', name: `web/${address(revision)}` }];
    const { hash: _, ...commit } = commitOn(stateAt(revision), changes, `r${revision}`);
    assert.ok(log.append(log.head, [sealCommit({ ...commit, timeMs: zeroMs + revision * MINUTE_MS })]));
  }
  for (const revision of checkpoints) {
    const facts = { timeMs: zeroMs + revision * MINUTE_MS, logBytes: 1, writer: `w${revision}` };
    assert.ok(log.writeCheckpoint(encodeCheckpoint(stateAt(revision), facts)));
  }
  const store = new MemoryStore(log);
  const follower = new LogFollower({ store, clock, random: seededRandom(1) });
  return { log, store, follower, clock };
}

describe('the most that a pool had in the last ten minutes', () => {
  it('is not known before the first read', () => {
    assert.equal(make().follower.mostActiveLately('web'), null);
  });

  for (const [what, checkpoints] of [
    ['a whole log', []],
    ['a checkpoint that is old enough', [8]],
    ['a young checkpoint, and the log before it', [18]],
    ['a young checkpoint, and an older one', [4, 8, 15, 18]],
  ] as const) {
    it(`is known to a replica that starts with ${what}, as soon as it decides`, async () => {
      const { follower, clock } = make(...checkpoints);
      await follower.catchUpToDecide();
      assert.deepEqual(follower.mostActiveLately('web'), { active: 11, complete: true });
      clock.advance(5 * MINUTE_MS);
      assert.deepEqual(follower.mostActiveLately('web'), { active: 6, complete: true });
    });
  }

  it('is read once for all that decide at the same time', async () => {
    const { store, follower } = make(18);
    await follower.catchUp();
    const before = store.calls.read;
    await follower.catchUpToDecide();
    const forOne = store.calls.read - before;
    assert.ok(forOne > 0);

    const other = make(18);
    await other.follower.catchUp();
    const otherBefore = other.store.calls.read;
    await Promise.all(Array.from({ length: 20 }, () => other.follower.catchUpToDecide()));
    assert.equal(other.store.calls.read - otherBefore, forOne);
    assert.deepEqual(other.follower.mostActiveLately('web'), { active: 11, complete: true });
  });

  it('is said not to be known where the store no longer has it', async () => {
    const { log, follower, clock } = make(15, 18);
    log.trim(15);
    await follower.catchUpToDecide();
    assert.deepEqual(follower.mostActiveLately('web'), { active: 6, complete: false });
    clock.advance(5 * MINUTE_MS);
    assert.deepEqual(follower.mostActiveLately('web'), { active: 6, complete: true });
  });

  it('is looked for again where the store did not answer', async () => {
    const { store, follower } = make(18);
    const { marks } = store;
    await follower.catchUp();
    store.marks = () => Promise.reject(new Error('no answer'));
    await follower.catchUpToDecide().catch(() => undefined);
    assert.deepEqual(follower.mostActiveLately('web'), { active: 3, complete: false });
    store.marks = marks.bind(store);
    await follower.catchUpToDecide();
    assert.deepEqual(follower.mostActiveLately('web'), { active: 11, complete: true });
  });

  it('is known to a replica that slept while the log was trimmed', async () => {
    const { log, follower } = make(8, 18);
    const kept = log.commits.splice(3);
    await follower.catchUp();
    log.commits.push(...kept);
    log.trim(8);
    await follower.catchUpToDecide();
    assert.deepEqual(follower.mostActiveLately('web'), { active: 11, complete: true });
  });
});
