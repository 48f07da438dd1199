/** What every ConfigStore promises. Each kind of store runs this suite with a harness of its own. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { MAX_APPEND_BYTES } from '../../../control-plane/store/log/commit-codec.ts';
import type { ConfigStore } from '../../../control-plane/store/config-store.ts';
import { LogFollower } from '../../../control-plane/store/log/log-follower.ts';
import { type Change, type Commit, FORMAT, type Head } from '../../../core/model/commit.ts';
import { adoptStore } from '../../../core/model/edits/adopt.ts';
import { addBackends } from '../../../core/model/edits/backend.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { commitHash, genesisHash, sealCommit } from '../../../core/model/hash.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import { systemRandom } from '../../../core/runtime/random.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { Replica } from '../../../harness/store/replica.ts';

export interface StoreHarness {
  /** Before the first test. */
  start(): Promise<void>;
  /** The stores that are opened from now on share a new, empty log. */
  fresh(): Promise<void>;
  /** Another store on the current log, as another process would open it. */
  open(): ConfigStore;
  /** After the last test. */
  stop(): Promise<void>;
}

/** Consecutive commits that follow `head`. */
export function commitsAfter(head: Head, count: number, content: Partial<Commit> = {}): Commit[] {
  const commits: Commit[] = [];
  let { revision, hash } = head;
  for (let made = 0; made < count; made++) {
    revision += 1;
    const changes: Change[] = [{ op: 'delete', kind: 'pool', name: `pool-${revision}` }];
    const rest = {
      author: 'somebody',
      message: 'ünïcödé → 日本',
      requestId: `r${revision}`,
      requestDigest: 'd',
    };
    const commit = sealCommit({
      format: FORMAT,
      revision,
      parent: hash,
      timeMs: 1,
      changes,
      ...rest,
      ...content,
    });
    commits.push(commit);
    hash = commit.hash;
  }
  return commits;
}

/** What a call fails with; it must. */
export async function failureOf(call: Promise<unknown>): Promise<LbError> {
  const error = await call.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LbError, String(error));
  return error;
}

export function configStoreContract(kind: string, harness: StoreHarness): void {
  describe(`the contract of stores: ${kind}`, () => {
    let opened: { close(): Promise<void> }[] = [];
    const replica = () => {
      const made = new Replica(harness.open());
      opened.push(made);
      return made;
    };
    const open = () => {
      const store = harness.open();
      opened.push(store);
      return store;
    };
    before(() => harness.start());
    after(() => harness.stop());
    beforeEach(() => harness.fresh());
    afterEach(async () => {
      for (const store of opened) await store.close();
      opened = [];
    });

    it('is created by its first use, once, with an id of its own', async () => {
      const heads = await Promise.all([open(), open(), open()].map((store) => store.head()));
      for (const head of heads) assert.deepEqual({ ...head, version: 0 }, { ...heads[0], version: 0 });
      const { storeId, revision, hash } = heads[0] ?? assert.fail();
      assert.equal(revision, 0);
      assert.equal(hash, genesisHash(storeId));
      await harness.fresh();
      assert.notEqual((await open().head()).storeId, storeId);
    });

    it('gives back what was appended, to whoever reads, with a higher version', async () => {
      const [writer, reader] = [open(), open()];
      const parent = await writer.head();
      const commits = commitsAfter(parent, 3);
      assert.deepEqual(await writer.append(parent, commits), { outcome: 'appended' });
      for (const store of [writer, reader]) {
        const head = await store.head();
        assert.deepEqual([head.storeId, head.revision, head.hash], [parent.storeId, 3, commits[2]?.hash]);
        assert.ok(head.version > parent.version, `${head.version} > ${parent.version}`);
        assert.deepEqual(await store.read(1, 100), commits);
        assert.deepEqual(await store.read(2, 1), commits.slice(1, 2));
        assert.deepEqual(await store.read(4, 100), []);
      }
    });

    it('appends nothing when the head is another one', async () => {
      const store = open();
      const genesis = await store.head();
      await store.append(genesis, commitsAfter(genesis, 1));
      const head = await store.head();
      const others: Head[] = [
        genesis,
        { ...head, revision: 2 },
        { ...head, hash: genesis.hash },
        { ...head, storeId: 'another' },
      ];
      for (const other of others) {
        assert.deepEqual(await store.append(other, commitsAfter(other, 1)), { outcome: 'conflict' });
      }
      assert.deepEqual(await store.head(), head);
      assert.equal((await store.read(1, 100)).length, 1);
    });

    it('lets one of many writers win each slot', async () => {
      const stores = [open(), open(), open(), open()];
      for (let round = 0; round < 10; round++) {
        const parent = await (stores[0] ?? assert.fail()).head();
        const tries = stores.map((store, index) =>
          store.append(parent, commitsAfter(parent, 2, { author: `${index}` })),
        );
        const outcomes = (await Promise.all(tries)).map(({ outcome }) => outcome);
        assert.deepEqual(outcomes.toSorted(), ['appended', 'conflict', 'conflict', 'conflict']);
        const [first, second] = await (stores[0] ?? assert.fail()).read(parent.revision + 1, 10);
        assert.equal(first?.author, String(outcomes.indexOf('appended')));
        assert.equal(second?.parent, first?.hash);
      }
    });

    it('takes 100 commits in one append, and no more', async () => {
      const store = open();
      const parent = await store.head();
      const error = await failureOf(store.append(parent, commitsAfter(parent, 101)));
      assert.equal(error.code, 'RESOURCE_EXHAUSTED');
      assert.match(error.message, /1 to 100 commits, not 101; nothing was written/);
      assert.deepEqual(await store.append(parent, commitsAfter(parent, 100)), { outcome: 'appended' });
      assert.equal((await store.read(1, 1_000)).length, 100);
    });

    it('takes large appends up to its limit, refuses larger ones in words, and reads them all back', async () => {
      const store = open();
      // Hex of random bytes deflates to about half its length.
      const large = (bytes: number) => ({ message: randomBytes(bytes).toString('hex') });
      const tooLarge = await store.head();
      const error = await failureOf(
        store.append(tooLarge, commitsAfter(tooLarge, 1, large(MAX_APPEND_BYTES))),
      );
      assert.equal(error.code, 'RESOURCE_EXHAUSTED');
      assert.match(error.message, /one commit can have 1024 KiB; nothing was written/);
      assert.equal((await store.head()).revision, 0);
      const count = 20;
      for (let revision = 0; revision < count; revision++) {
        const parent = await store.head();
        const [commit] = commitsAfter(parent, 1, large(Math.floor(MAX_APPEND_BYTES * 0.85)));
        assert.deepEqual(await store.append(parent, [commit ?? assert.fail()]), { outcome: 'appended' });
      }
      for (let next = 1; next <= count; ) {
        const commits = await store.read(next, 100);
        assert.ok(commits.length > 0, `nothing from ${next} on`);
        for (const commit of commits) {
          assert.equal(commit.revision, next++);
          assert.equal(commitHash(commit), commit.hash);
        }
      }
    });

    it('refuses to read a format that it does not know', async () => {
      const store = open();
      const parent = await store.head();
      await store.append(parent, commitsAfter(parent, 1, { format: FORMAT + 1 }));
      const error = await failureOf(store.read(1, 1));
      assert.equal(error.code, 'FAILED_PRECONDITION');
      assert.match(error.message, /in format 4, and this program reads formats up to 3: run a newer program/);
    });

    it('wakes those who asked for it after an append by another one, until they stop', async () => {
      const [writer, reader] = [open(), open()];
      let wakes = 0;
      const stop = reader.onWake(() => {
        wakes += 1;
      });
      await reader.head();
      await eventually(async () => {
        const parent = await writer.head();
        await writer.append(parent, commitsAfter(parent, 1));
        return wakes > 0 ? true : undefined;
      }, 'a wake');
      stop();
    });

    it('keeps what was appended when it is closed and opened again', async () => {
      const store = open();
      const parent = await store.head();
      const commits = commitsAfter(parent, 5);
      await store.append(parent, commits);
      const head = await store.head();
      await store.close();
      assert.deepEqual((await open().head()).hash, head.hash);
      assert.deepEqual(await open().read(1, 100), commits);
    });

    it('keeps in its head which stores it takes the place of, and who follows one of those goes on with it', async () => {
      const other = replica();
      await other.propose(createPool({ name: 'old', backends: [] }));
      const replaced = (await other.follower.catchUp()).position.storeId;
      await harness.fresh();
      const one = replica();
      await one.propose(createPool({ name: 'web', backends: [] }));
      const own = (await one.follower.catchUp()).position.storeId;
      await one.propose(adoptStore({ storeId: 'new', replaces: [replaced], force: true }));
      await one.propose(createPool({ name: 'more', backends: [] }));
      const { storeId, revision, replaces } = await open().head();
      assert.deepEqual([storeId, revision, replaces], ['new', 3, [own, replaced]]);
      const moved = new LogFollower({ store: open(), clock: systemClock, random: systemRandom });
      assert.deepEqual([...(await moved.catchUp()).state.pools.keys()], ['web', 'more']);
    });

    it('says how much it takes on disk', async () => {
      const store = open();
      await store.head();
      assert.ok((await store.sizeBytes()) > 4_096);
    });

    it('says so when it is used after it was closed', async () => {
      const store = open();
      await store.head();
      await store.close();
      assert.equal((await failureOf(store.head())).code, 'UNAVAILABLE');
    });

    it('keeps a log without holes, with everything that was acknowledged, under two committers', async () => {
      const [one, two] = [replica(), replica()];
      await one.propose(createPool({ name: 'web', backends: [] }));
      const proposals = [one, two].flatMap((each, side) =>
        Array.from({ length: 200 }, async (_, index) => {
          const edit = addBackends('web', [{ address: `10.${side}.0.${index}:80` }]);
          const requestId = `${side}/${index}`;
          return { requestId, ...(await each.propose(edit, { requestId })) };
        }),
      );
      const outcomes = await Promise.all(proposals);
      assert.equal(new Set(outcomes.map(({ revision }) => revision)).size, 400);
      const { state } = await two.follower.catchUp();
      assert.equal(state.head.revision, 401);
      assert.equal(state.pools.get('web')?.backends.size, 400);
      const log = new Map<string, number>();
      for (let next = 1; next <= 401; ) {
        for (const commit of await one.store.read(next, 100)) {
          assert.equal(commit.revision, next++);
          log.set(commit.requestId, commit.revision);
        }
      }
      for (const { requestId, revision } of outcomes) assert.equal(log.get(requestId), revision);
    });

    it('answers a repeated request at any replica with its first outcome', async () => {
      const [one, two] = [replica(), replica()];
      const edit = createPool({ name: 'web', backends: [] });
      const first = await one.propose(edit, { requestId: 'same' });
      assert.deepEqual([first.revision, first.repeated], [1, false]);
      for (const each of [two, one]) {
        const again = await each.propose(edit, { requestId: 'same' });
        assert.deepEqual(again, {
          revision: 1,
          unchanged: false,
          repeated: true,
          dryRun: false,
          notes: [],
          changes: [{ action: 'created', kind: 'pool', name: 'web' }],
        });
      }
      const other = await failureOf(two.propose(edit, { requestId: 'same', requestDigest: 'another' }));
      assert.equal(other.code, 'INVALID_ARGUMENT');
      assert.match(
        other.message,
        /request_id "same" was used for a different request, committed as revision 1/,
      );
      assert.equal((await one.store.head()).revision, 1);
    });
  });
}
