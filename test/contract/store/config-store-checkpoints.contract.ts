/** What every ConfigStore promises about checkpoints and trimming, and what stands on it. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Checkpointer } from '../../../control-plane/store/log/checkpointer.ts';
import type { ConfigStore, NewCheckpoint } from '../../../control-plane/store/config-store.ts';
import { RevisionReader } from '../../../control-plane/store/log/revision-reader.ts';
import { adoptStore } from '../../../core/model/edits/adopt.ts';
import { addBackends, updateBackend } from '../../../core/model/edits/backend.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { silentLogger } from '../../../core/runtime/logger.ts';
import { systemRandom } from '../../../core/runtime/random.ts';
import { Replica } from '../../../harness/store/replica.ts';
import { commitsAfter, failureOf, type StoreHarness } from './config-store.contract.ts';

const LIMITS = { checkpointCommits: 10, keptCommits: 25, keptMs: 0, maxLogBytes: 64_000_000 };

const checkpoint = (revision: number, writer: string, ...chunks: string[]): NewCheckpoint => ({
  revision,
  writer,
  mark: Buffer.from(`mark of ${writer}`),
  chunks: chunks.map((chunk) => Buffer.from(chunk)),
});

async function appendTo(store: ConfigStore, count: number): Promise<void> {
  const head = await store.head();
  assert.deepEqual(await store.append(head, commitsAfter(head, count)), { outcome: 'appended' });
}

const marksOf = async (store: ConfigStore) =>
  (await store.marks()).map(({ revision, mark }) => [revision, Buffer.from(mark).toString()]);
const chunksOf = async (store: ConfigStore, revision: number, writer: string) =>
  (await store.readChunks(revision, writer)).map((chunk) => Buffer.from(chunk).toString());
const revisionsOf = async (store: ConfigStore, from: number) =>
  (await store.read(from, 100)).map(({ revision }) => revision);

export function checkpointsContract(kind: string, harness: StoreHarness): void {
  describe(`checkpoints: ${kind}`, () => {
    let opened: { close(): Promise<void> }[] = [];
    const kept = <T extends { close(): Promise<void> }>(made: T): T => {
      opened.push(made);
      return made;
    };
    const open = () => kept(harness.open());
    before(() => harness.start());
    after(() => harness.stop());
    beforeEach(() => harness.fresh());
    afterEach(async () => {
      for (const store of opened) await store.close();
      opened = [];
    });

    it('are given back whole, oldest first, to whoever reads', async () => {
      const [writer, reader] = [open(), open()];
      assert.deepEqual(await writer.marks(), []);
      await appendTo(writer, 12);
      assert.equal(await writer.writeCheckpoint(checkpoint(12, 'b', 'one', 'two', 'three')), true);
      assert.equal(await writer.writeCheckpoint(checkpoint(9, 'a', 'x')), true);
      for (const store of [writer, reader]) {
        assert.deepEqual(await marksOf(store), [
          [9, 'mark of a'],
          [12, 'mark of b'],
        ]);
        assert.deepEqual(await chunksOf(store, 12, 'b'), ['one', 'two', 'three']);
        assert.deepEqual(await chunksOf(store, 12, 'a'), []);
      }
      assert.equal((await reader.head()).revision, 12);
      assert.deepEqual((await revisionsOf(reader, 1)).length, 12);
    });

    it('of one revision are written once, by whoever comes first, and again by the same one', async () => {
      const [one, other] = [open(), open()];
      await appendTo(one, 3);
      const tries = [checkpoint(3, 'one', 'x', 'y'), checkpoint(3, 'other', 'z')] as const;
      const written = await Promise.all([one.writeCheckpoint(tries[0]), other.writeCheckpoint(tries[1])]);
      assert.deepEqual(written.filter(Boolean), [true]);
      const [won, lost] = written[0] ? tries : [tries[1], tries[0]];
      assert.deepEqual(await marksOf(one), [[3, `mark of ${won.writer}`]]);
      assert.equal((await one.readChunks(3, won.writer)).length, won.chunks.length);
      assert.deepEqual(await one.readChunks(3, lost.writer), [], 'the loser left something');
      assert.equal(await one.writeCheckpoint(won), true);
    });

    it('bound the log, and nothing is trimmed without one', async () => {
      const store = open();
      await appendTo(store, 30);
      assert.equal(await store.trim(20), false);
      assert.deepEqual((await revisionsOf(store, 1)).length, 30);
      for (const revision of [10, 20, 30])
        await store.writeCheckpoint(checkpoint(revision, `w${revision}`, 'x'));
      const head = await store.head();
      assert.equal(await store.trim(20), true);
      for (const each of [store, open()]) {
        assert.deepEqual(await marksOf(each), [
          [20, 'mark of w20'],
          [30, 'mark of w30'],
        ]);
        assert.deepEqual(await chunksOf(each, 10, 'w10'), []);
        assert.deepEqual(await chunksOf(each, 20, 'w20'), ['x']);
        for (const from of [1, 15, 20]) assert.deepEqual(await each.read(from, 100), []);
        assert.deepEqual(await revisionsOf(each, 21), [21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
        const now = await each.head();
        assert.deepEqual([now.revision, now.hash], [head.revision, head.hash]);
        assert.ok(now.version >= head.version);
      }
      assert.equal(await store.trim(20), true);
      assert.equal(await store.trim(10), false);
      await appendTo(store, 1);
      assert.deepEqual((await revisionsOf(store, 21)).length, 11);
    });

    it('come too late where the log was trimmed beyond them, and too early beyond its end', async () => {
      const store = open();
      await appendTo(store, 10);
      await store.writeCheckpoint(checkpoint(8, 'a', 'x'));
      await store.trim(8);
      assert.equal(await store.writeCheckpoint(checkpoint(5, 'late', 'x')), false);
      assert.equal(await store.writeCheckpoint(checkpoint(11, 'early', 'x')), false);
      assert.deepEqual(await marksOf(store), [[8, 'mark of a']]);
      assert.deepEqual(await chunksOf(store, 5, 'late'), []);
    });

    it('can be large', async () => {
      const store = open();
      await appendTo(store, 1);
      const chunks = Array.from({ length: 12 }, () => randomBytes(512 * 1_024));
      await store.writeCheckpoint({ revision: 1, writer: 'w', mark: Buffer.from('m'), chunks });
      const read = await store.readChunks(1, 'w');
      assert.ok(Buffer.concat(chunks).equals(Buffer.concat(read)));
    });

    const replica = () => {
      const made = kept(new Replica(harness.open()));
      const checkpointer = new Checkpointer({
        store: made.store,
        follower: made.follower,
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        newWriter: randomUUID,
        limits: LIMITS,
      });
      kept({ close: () => checkpointer.stop() });
      return {
        replica: made,
        store: made.store,
        checkpointer,
        past: new RevisionReader(made.store, made.follower),
      };
    };

    /** Revision 1 makes a pool, 2 to 60 add a backend each; checkpoints and trims as they fall due. */
    async function busy() {
      const one = replica();
      await one.replica.propose(createPool({ name: 'web', backends: [] }), { requestId: 'r1' });
      for (let revision = 2; revision <= 60; revision++) {
        await one.replica.propose(addBackends('web', [{ address: `10.0.0.${revision}:80` }]), {
          requestId: `r${revision}`,
        });
        if (revision % 5 === 0) await one.checkpointer.run();
      }
      return one;
    }

    it('are what a replica starts with, and it has the same state and the same history', async () => {
      const one = await busy();
      assert.deepEqual(await one.store.read(1, 1), [], 'nothing was trimmed');
      const two = replica();
      const [{ state }, again] = [await one.replica.follower.catchUp(), await two.replica.follower.catchUp()];
      assert.deepEqual(again.state, state);
      assert.deepEqual(
        [...(again.state.pools.get('web')?.backends.keys() ?? [])],
        [...(state.pools.get('web')?.backends.keys() ?? [])],
      );
      const listed = (await two.past.list(1_000)).map(({ revision, changes }) => [revision, changes]);
      const expected = (await one.past.list(1_000)).map(({ revision, changes }) => [revision, changes]);
      assert.deepEqual(listed, expected);
      assert.deepEqual(listed.at(-1)?.[0], 31);
      const shown = await two.past.commitAt(31);
      assert.deepEqual(shown.record.changes, [
        { action: 'created', kind: 'backend', name: 'web/10.0.0.31:80' },
      ]);
      assert.equal(shown.before.pools.get('web')?.backends.size, 29);
      assert.equal((await two.past.stateAt(45)).pools.get('web')?.backends.size, 44);
      const asks = [() => two.past.stateAt(30), () => two.past.commitAt(30), () => one.past.commitAt(3)];
      for (const ask of asks) {
        const { code, message } = await failureOf(ask());
        assert.equal(code, 'NOT_FOUND');
        assert.match(message, /^Revision \d+ is no longer kept: the oldest one that is kept is 31\.$/);
      }
    });

    it('let a replica go on that was asleep beyond the trimmed log, never backwards', async () => {
      const asleep = replica();
      await asleep.replica.propose(createPool({ name: 'old', backends: [] }), { requestId: 'r0' });
      const seen: number[] = [];
      asleep.replica.follower.onChange(({ position }) => seen.push(position.revision));
      const one = await busy();
      const { state } = await one.replica.follower.catchUp();
      assert.deepEqual((await asleep.replica.follower.catchUp()).state, state);
      assert.deepEqual(seen, [61]);
    });

    it('do not make a request forgotten while its commit is kept', async () => {
      await busy();
      const two = replica();
      const edit = updateBackend('web', { address: '10.0.0.2:80', weight: 9 });
      const again = await two.replica.propose(edit, { requestId: 'r31' });
      assert.deepEqual([again.revision, again.repeated], [31, true]);
      // That of a commit that is not kept is a new request.
      const fresh = await two.replica.propose(edit, { requestId: 'r30' });
      assert.deepEqual([fresh.revision, fresh.repeated], [61, false]);
    });

    it('stay good when the store is adopted, and are written on', async () => {
      const one = await busy();
      await one.replica.propose(adoptStore({ storeId: 'adopted', replaces: [], force: true }));
      const { state } = await one.replica.follower.catchUp();
      const two = replica();
      assert.deepEqual((await two.replica.follower.catchUp()).state, state);
      assert.deepEqual(two.replica.follower.revisions(10).length, 1, 'it began with the first commit');
      const old = (await two.replica.propose(createPool({ name: 'x', backends: [] }), { requestId: 'r31' }))
        .revision;
      assert.equal(old, 31);
      for (let revision = 62; revision <= 80; revision++) {
        await two.replica.propose(updateBackend('web', { address: '10.0.0.2:80', weight: revision }));
        await two.checkpointer.run();
      }
      const three = replica();
      const after = await three.replica.follower.catchUp();
      assert.deepEqual([after.position.storeId, after.position.revision], ['adopted', 80]);
      assert.deepEqual(after.state, (await two.replica.follower.catchUp()).state);
      assert.deepEqual((await three.store.read(40, 1)).length, 0, 'nothing was trimmed after that');
    });
  });
}
