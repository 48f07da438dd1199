import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeCheckpoint } from '../../../../../control-plane/store/log/checkpoint-codec.ts';
import { Checkpointer } from '../../../../../control-plane/store/log/checkpointer.ts';
import type { NewCheckpoint } from '../../../../../control-plane/store/config-store.ts';
import { LogFollower } from '../../../../../control-plane/store/log/log-follower.ts';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import { sealCommit } from '../../../../../core/model/hash.ts';
import { seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { MemoryLog, MemoryStore } from '../../../../../harness/store/memory-store.ts';
import { Replica } from '../../../../../harness/store/replica.ts';
import { changesOf, commitOn } from '../../../../../harness/state.ts';

/** A log of 30 commits, each with a pool of its own, and checkpoints at these revisions. */
function make(...revisions: number[]) {
  const log = new MemoryLog('store');
  for (let revision = 1; revision <= 30; revision++) {
    const state = applyCommits(emptyState('store'), log.commits);
    const changes = changesOf(state, createPool({ name: `p${revision}`, backends: [] }));
    assert.ok(log.append(log.head, [commitOn(state, changes, `r${revision}`)]));
  }
  const whole = applyCommits(emptyState('store'), log.commits);
  const checkpointAt = (revision: number) => {
    const state = applyCommits(emptyState('store'), log.commits.slice(0, revision));
    return encodeCheckpoint(state, { timeMs: 0, logBytes: revision * 100, writer: `w${revision}` });
  };
  for (const revision of revisions) assert.ok(log.writeCheckpoint(checkpointAt(revision)));
  return { log, whole, checkpointAt, ...follow(log) };
}

function follow(log: MemoryLog) {
  const store = new MemoryStore(log);
  const ignored: string[] = [];
  const deps = { store, clock: new FakeClock(), random: seededRandom(1) };
  const follower = new LogFollower({ ...deps, onIgnored: (words) => ignored.push(words) });
  return { store, follower, ignored };
}

const replace = (
  log: MemoryLog,
  revision: number,
  change: (old: NewCheckpoint) => Partial<NewCheckpoint>,
) => {
  const old = log.checkpoints.get(revision) ?? assert.fail();
  log.checkpoints.set(revision, { ...old, ...change(old) });
};
const markWith = (changes: object) => (old: NewCheckpoint) => ({
  mark: Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(old.mark).toString()), ...changes })),
});

describe('a start', () => {
  it('begins with the newest checkpoint and reads only what comes after it', async () => {
    const { follower, store, whole, ignored } = make(10, 20);
    const read: number[] = [];
    const original = store.read.bind(store);
    store.read = (from, limit) => {
      read.push(from);
      return original(from, limit);
    };
    assert.deepEqual((await follower.catchUp()).state, whole);
    assert.deepEqual([read, ignored], [[21], []]);
    assert.ok(follower.logBytes() > 2_000, 'the bytes before the checkpoint count');
  });

  const troubles: [what: string, trouble: (log: MemoryLog) => void, words: RegExp][] = [
    [
      'a torn one',
      (log) => replace(log, 20, ({ chunks }) => ({ chunks: chunks.map((chunk) => chunk.subarray(1)) })),
      /it is torn: only \d+ of its \d+ bytes are there/,
    ],
    ['one without chunks', (log) => replace(log, 20, () => ({ chunks: [] })), /it is torn: only 0 of its/],
    [
      'chunks of another writer',
      (log) => replace(log, 20, () => ({ writer: 'else' })),
      /it is torn: only 0 of its/,
    ],
    [
      'a damaged one',
      (log) =>
        replace(log, 20, ({ chunks }) => {
          const bytes = Buffer.from(chunks[0] ?? assert.fail());
          bytes[5] = (bytes[5] ?? 0) ^ 1;
          return { chunks: [bytes] };
        }),
      /it does not match its digest/,
    ],
    [
      'a mark that is none',
      (log) => replace(log, 20, () => ({ mark: Buffer.from('{') })),
      /its mark can't be read/,
    ],
    [
      'the mark of another one',
      (log) =>
        replace(log, 20, ({ mark }) => ({
          mark: Buffer.from(Buffer.from(mark).toString().replace('"revision":20', '"revision":19')),
        })),
      /its mark belongs to another checkpoint/,
    ],
    [
      'one of another store',
      (log) => replace(log, 20, markWith({ head: { storeId: 'else', revision: 20, hash: '' } })),
      /it belongs to another store \(id else\)/,
    ],
    [
      'one of another history',
      (log) => replace(log, 20, markWith({ head: { storeId: 'store', revision: 20, hash: 'else' } })),
      /revision 21 does not follow revision 20/,
    ],
    [
      'one in a format that it does not know',
      (log) => replace(log, 20, markWith({ format: 9 })),
      /it is written in format 9/,
    ],
  ];
  for (const [what, trouble, words] of troubles) {
    it(`ignores ${what}, in words, for an older one, or for the log while that is whole`, async () => {
      for (const checkpoints of [[20], [10, 20]]) {
        const { log, follower, whole, ignored } = make(...checkpoints);
        trouble(log);
        assert.deepEqual((await follower.catchUp()).state, whole);
        assert.equal(ignored.length, 1, ignored.join());
        assert.match(ignored[0] ?? '', /^the checkpoint of revision 20 in memory is ignored: /);
        assert.match(ignored[0] ?? '', words);
      }
    });

    it(`stands still and says so when ${what} is all that is left`, async () => {
      const { log, follower } = make(20);
      log.trim(20);
      trouble(log);
      await assert.rejects(follower.catchUp(), (error: Error) => {
        assert.match(error.message, /can't be followed: the checkpoint of revision 20 can't be used \(/);
        assert.match(error.message, words);
        return true;
      });
      assert.equal(follower.current(), null);
    });
  }

  it('ignores a checkpoint at the head that is not the one that the head names', async () => {
    const { log, follower, whole, ignored } = make(30);
    replace(log, 30, markWith({ head: { storeId: 'store', revision: 30, hash: 'else' } }));
    assert.deepEqual((await follower.catchUp()).state, whole);
    assert.match(ignored[0] ?? '', /revision 30 is not the one that its head names/);
  });
});

describe('a replica that was asleep beyond the trimmed log', () => {
  it('goes on from the next checkpoint, and never back to an older one', async () => {
    const { log, follower, whole } = make();
    const late = log.commits.splice(12);
    await follower.catchUp();
    log.commits.push(...late);
    log.version += 1;
    const { checkpointAt } = make();
    for (const revision of [10, 15, 25]) log.writeCheckpoint(checkpointAt(revision));
    log.trim(15);
    const seen: number[] = [];
    follower.onChange(({ position }) => seen.push(position.revision));
    assert.deepEqual((await follower.catchUp()).state, whole);
    assert.deepEqual(seen, [30]);
    assert.equal(follower.requestOutcome('r3')?.revision, 3);
    await follower.catchUpToDecide();
    for (const revision of [12, 16, 25, 26, 30])
      assert.equal(follower.requestOutcome(`r${revision}`)?.revision, revision);
    assert.equal(follower.requestOutcome('r14'), undefined);
  });

  it('stands still when no checkpoint is beyond what it has', async () => {
    const { log, follower, ignored } = make();
    const late = log.commits.splice(12);
    const before = await follower.catchUp();
    log.commits.push(...late);
    const { checkpointAt } = make();
    log.writeCheckpoint(checkpointAt(10));
    log.commits.splice(0, 20);
    log.trimmed = 20;
    await assert.rejects(
      follower.catchUp(),
      /its log ends before revision 13, but its head is at 30; revision 12 is kept/,
    );
    assert.equal(follower.current(), before);
    assert.deepEqual(ignored, [], 'an older one was looked at');
  });
});

describe('the requests behind a checkpoint', () => {
  it('must be readable before anything is written', async () => {
    const { log } = make(10, 20);
    const damaged = log.commits[4] ?? assert.fail();
    log.commits[4] = sealCommit({ ...damaged, author: 'else' });
    const replica = new Replica(new MemoryStore(log));
    const edit = createPool({ name: 'new', backends: [] });
    await assert.rejects(replica.propose(edit), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'FAILED_PRECONDITION');
      assert.match(
        error.message,
        /a repeated request could not be told from a new one: revision 6 does not follow revision 5: .*; nothing was written$/,
      );
      return true;
    });
    // It serves nevertheless.
    assert.equal(replica.follower.current()?.position.revision, 30);
    await replica.close();
  });
});

describe('Checkpointer', () => {
  const limits = { checkpointCommits: 10, keptCommits: 12, keptMs: 0, maxLogBytes: 1_000_000 };
  const started = (log: MemoryLog) => {
    const clock = new FakeClock();
    const store = new MemoryStore(log);
    const follower = new LogFollower({ store, clock, random: seededRandom(1) });
    const said: string[] = [];
    const logger = {
      info: (_facts: unknown, words?: string) => said.push(words ?? ''),
      warn: (_facts: unknown, words?: string) => said.push(words ?? ''),
    };
    const checkpointer = new Checkpointer({
      store,
      follower,
      clock,
      random: seededRandom(2),
      logger: logger as never,
      newWriter: () => 'writer',
      limits,
    });
    return { clock, store, follower, checkpointer, said };
  };

  it('writes by itself when one is due, and tries again later when the store is away', async () => {
    const { log } = make();
    const { clock, store, follower, checkpointer, said } = started(log);
    await follower.catchUp();
    store.away = true;
    await clock.advanceSettling(3_000);
    assert.deepEqual(said, ['the checkpoint could not be written: trying again later']);
    store.away = false;
    await clock.advanceSettling(30_000);
    assert.deepEqual([...log.checkpoints.keys()], [30]);
    assert.deepEqual(said.slice(1), ['a checkpoint was written']);
    await checkpointer.stop();
    assert.equal(clock.pending, 0);
  });

  it('says that it trimmed only where it did', async () => {
    const { log } = make(10, 20);
    const { follower, checkpointer, store, said } = started(log);
    await follower.catchUp();
    const { trim } = store;
    store.trim = () => Promise.resolve(false);
    await checkpointer.run();
    const words = 'the log was trimmed up to this checkpoint';
    assert.ok(!said.includes(words), said.join());
    store.trim = trim.bind(store);
    await checkpointer.run();
    assert.ok(said.includes(words), said.join());
    await checkpointer.stop();
  });

  it('does not trim up to a checkpoint that is damaged or of another history', async () => {
    const head = { storeId: 'store', revision: 10, hash: 'else' };
    for (const trouble of [() => ({ chunks: [] }), markWith({ head })]) {
      const { log } = make(10, 20);
      replace(log, 10, trouble);
      const { follower, checkpointer, said } = started(log);
      await follower.catchUp();
      await checkpointer.run();
      assert.equal(log.trimmed, 0);
      assert.ok(said.includes('a checkpoint is damaged: the log is not trimmed'), said.join());
      await checkpointer.stop();
    }
  });

  it('forgets the requests whose commits it has trimmed', async () => {
    const { log } = make(10, 20);
    const { follower, checkpointer } = started(log);
    await follower.catchUpToDecide();
    assert.equal(follower.requestOutcome('r10')?.revision, 10);
    await checkpointer.run();
    assert.equal(log.trimmed, 10);
    assert.equal(follower.requestOutcome('r10'), undefined);
    assert.equal(follower.requestOutcome('r11')?.revision, 11);
    await checkpointer.stop();
  });
});
