import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Followed, LogFollower } from '../../../../../control-plane/store/log/log-follower.ts';
import type { Commit } from '../../../../../core/model/commit.ts';
import { adoptStore } from '../../../../../core/model/edits/adopt.ts';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import { sealCommit } from '../../../../../core/model/hash.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';
import { seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { MemoryLog, MemoryStore } from '../../../../../harness/store/memory-store.ts';
import { changesOf, commitOn } from '../../../../../harness/state.ts';

function write(log: MemoryLog, ...names: string[]): void {
  for (const name of names) {
    const state = applyCommits(emptyState(log.storeId), log.commits);
    const changes = changesOf(state, createPool({ name, backends: [] }));
    assert.ok(log.append(log.head, [commitOn(state, changes, `request for ${name}`)]));
  }
}

function make(log = new MemoryLog('store')) {
  const clock = new FakeClock();
  const store = new MemoryStore(log);
  const statuses: string[] = [];
  const follower = new LogFollower({
    store,
    clock,
    random: seededRandom(1),
    onStatus: (status) => statuses.push(status.ready ? 'ready' : status.reason),
  });
  return { log, clock, store, follower, statuses };
}

const poolsOf = (followed: Followed | null) => [...(followed?.state.pools.keys() ?? [])];

describe('LogFollower', () => {
  it('knows nothing before the first read, and says so', () => {
    const { follower } = make();
    assert.equal(follower.current(), null);
    assert.deepEqual(follower.status(), { ready: false, reason: 'the store has not been read yet' });
    assert.equal(follower.storeAgeMs(), Number.POSITIVE_INFINITY);
  });

  it('reads the whole log, in pieces, and stands at its head with its version', async () => {
    const { log, follower, store } = make();
    write(log, ...Array.from({ length: 250 }, (_, at) => `p${at}`));
    const { state, position } = await follower.catchUp();
    assert.deepEqual([state.pools.size, position], [250, { ...log.head, version: log.version }]);
    assert.equal(store.calls.read, 3);
    await follower.catchUp();
    assert.equal(store.calls.read, 3);
  });

  it('reads on when it is woken, and once a second when it is not', async () => {
    const { log, clock, follower } = make();
    const seen: number[] = [];
    follower.onChange(({ position }) => seen.push(position.revision));
    follower.start();
    await clock.advanceSettling(0);
    assert.deepEqual(seen, [0]);
    write(log, 'a');
    await clock.advanceSettling(0);
    assert.deepEqual(seen, [0, 1]);
    const wakes = [...log.wakes];
    log.wakes.clear();
    write(log, 'b');
    await clock.advanceSettling(999);
    assert.deepEqual(seen, [0, 1]);
    await clock.advanceSettling(1);
    assert.deepEqual(seen, [0, 1, 2]);
    for (const wake of wakes) log.wakes.add(wake);
    await follower.stop();
    assert.equal(log.wakes.size, 0);
  });

  it('keeps trying with backoff while the store is away, says so once, and knows how old its news are', async () => {
    const { log, clock, store, follower, statuses } = make();
    write(log, 'a');
    const head = store.head.bind(store);
    let tries = 0;
    // A client says another time and duration with every try.
    store.head = async () => {
      tries += 1;
      throw new LbError('UNAVAILABLE', `deadline exceeded after 2.${tries} s (at 19:32:${tries})`);
    };
    follower.start();
    await clock.advanceSettling(20_000);
    assert.deepEqual(statuses, ['deadline exceeded after 2.1 s (at 19:32:1)']);
    assert.ok(tries > 40 && tries < 100, `${tries} tries in 20 s`);
    store.head = head;
    await clock.advanceSettling(500);
    assert.deepEqual(poolsOf(follower.current()), ['a']);
    assert.deepEqual(statuses.slice(1), ['ready']);
    store.away = true;
    await clock.advanceSettling(3_000);
    assert.ok(follower.storeAgeMs() >= 3_000);
    await follower.stop();
  });

  it('lets concurrent callers share one read that began after they called', async () => {
    const { log, store, follower } = make();
    let release = () => {};
    store.onCall = (call) =>
      call === 'head' ? new Promise((resolve) => (release = resolve)) : Promise.resolve();
    const early = follower.readBarrier();
    await new Promise((resolve) => setImmediate(resolve));
    const reads = Array.from({ length: 50 }, () => follower.readBarrier());
    write(log, 'a');
    release();
    await early;
    await new Promise((resolve) => setImmediate(resolve));
    release();
    for (const read of await Promise.all(reads)) assert.deepEqual(poolsOf(read), ['a']);
    assert.equal(store.calls.head, 2);
  });

  it('answers from memory, marked stale, when the store is away; and not at all when it has no memory', async () => {
    const { log, store, follower } = make();
    store.away = true;
    await assert.rejects(follower.readBarrier(), { code: 'UNAVAILABLE' });
    store.away = false;
    write(log, 'a');
    assert.equal((await follower.readBarrier()).stale, false);
    write(log, 'b');
    store.away = true;
    const read = await follower.readBarrier();
    assert.equal(read.stale, true);
    assert.deepEqual(poolsOf(read), ['a']);
  });

  it('tells listeners of every later version, and of none twice', async () => {
    const { log, follower } = make();
    const seen: number[] = [];
    const stop = follower.onChange(({ position }) => seen.push(position.revision));
    write(log, 'a');
    await follower.catchUp();
    log.version += 1;
    assert.equal((await follower.catchUp()).position.version, log.version);
    await follower.catchUp();
    write(log, 'b', 'c');
    await follower.catchUp();
    stop();
    write(log, 'd');
    await follower.catchUp();
    assert.deepEqual(seen, [1, 1, 3]);
  });

  it('remembers the outcome of every request, and the newest revisions', async () => {
    const { log, follower } = make();
    write(log, 'a', 'b');
    await follower.catchUp();
    const outcome = follower.requestOutcome('request for b');
    assert.deepEqual(outcome, {
      revision: 2,
      hash: log.head.hash,
      digest: 'digest',
      changes: [{ action: 'created', kind: 'pool', name: 'b' }],
    });
    assert.equal(follower.requestOutcome('another'), undefined);
    assert.deepEqual(
      follower.revisions(10).map(({ revision }) => revision),
      [2, 1],
    );
    assert.deepEqual(
      follower.revisions(10, 2).map(({ revision }) => revision),
      [1],
    );
    assert.deepEqual(
      follower.revisions(1).map(({ requestId }) => requestId),
      ['request for b'],
    );
  });

  const replace = (log: MemoryLog, at: number, change: (commit: Commit) => Commit) => {
    const old = log.commits[at] ?? assert.fail();
    log.commits[at] = change(old);
  };
  const other = new MemoryLog('other store');
  // Every other reason is in catch-up-plan.test.ts.
  const troubles: [what: string, trouble: (log: MemoryLog, store: MemoryStore) => void, words: RegExp][] = [
    [
      'another store',
      (_log, store) => {
        store.head = () => Promise.resolve({ ...other.head, version: 99 });
      },
      /it is a different store now \(id other store, before store\).* until an operator runs lbctl store adopt$/,
    ],
    [
      'another history behind its revision',
      (log) => {
        replace(log, 1, (commit) => sealCommit({ ...commit, author: 'else' }));
        write(log, 'c');
      },
      /revision 3 does not follow revision 2.* until an operator has checked it$/,
    ],
    [
      'a log that ends before its head',
      (log, store) => {
        write(log, 'c');
        store.read = () => Promise.resolve([]);
      },
      /its log ends before revision 3, but its head is at 3/,
    ],
  ];
  for (const [what, trouble, words] of troubles) {
    it(`keeps what it has and says why when it finds ${what}`, async () => {
      const { log, store, follower } = make();
      write(log, 'a', 'b');
      const before = await follower.catchUp();
      trouble(log, store);
      await assert.rejects(follower.catchUp(), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'FAILED_PRECONDITION');
        assert.match(error.message, words);
        assert.match(error.message, /revision 2 is kept until an operator/);
        return true;
      });
      const status = follower.status();
      assert.ok(!status.ready && words.test(status.reason));
      assert.equal(follower.current(), before);
      assert.equal((await follower.readBarrier()).stale, true);
    });
  }

  it('goes on with a store that takes the place of the one it followed, from its beginning', async () => {
    const { log, store, follower, statuses } = make();
    write(log, 'a', 'b', 'c');
    const seen: number[] = [];
    follower.onChange(({ position }) => seen.push(position.revision));
    await follower.catchUp();
    // Restored to its first revision, and something else written since.
    log.commits.splice(1);
    write(log, 'other');
    await assert.rejects(follower.catchUp(), /lbctl store adopt/);
    const fresh = () => new LogFollower({ store, clock: new FakeClock(), random: seededRandom(1) });
    const anew = fresh();
    const { state } = await anew.catchUp();
    const adopt = adoptStore({ storeId: 'new', replaces: ['elsewhere', 'store'], force: true });
    assert.ok(log.append(log.head, [commitOn(state, changesOf(state, adopt), 'adopt')]));
    for (const each of [follower, anew, fresh()]) {
      const { position, state: now } = await each.catchUp();
      assert.deepEqual([position.storeId, position.revision], ['new', 3]);
      assert.deepEqual(position.replaces, ['store', 'elsewhere']);
      assert.deepEqual([...now.pools.keys()], ['a', 'other']);
      assert.equal(each.requestOutcome('request for other')?.revision, 2);
      assert.equal(each.requestOutcome('request for c'), undefined);
    }
    assert.deepEqual(seen, [3, 3]);
    assert.equal(statuses.at(-1), 'ready');
    const replaced = new MemoryLog('store');
    write(replaced, 'a', 'b', 'c', 'd');
    store.head = () => Promise.resolve({ ...replaced.head, version: 99 });
    await assert.rejects(follower.catchUp(), /it is a different store now \(id store, before new\)/);
  });

  it('goes on by itself when the history is the right one again', async () => {
    const { log, follower } = make();
    write(log, 'a', 'b');
    await follower.catchUp();
    const [removed] = log.commits.splice(1);
    await assert.rejects(follower.catchUp());
    log.commits.push(removed ?? assert.fail());
    write(log, 'c');
    assert.deepEqual(poolsOf(await follower.catchUp()), ['a', 'b', 'c']);
    assert.ok(follower.status().ready);
  });
});
