/** The contract of member stores in memory and in files, on a clock that the test moves. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LmdbMemberStore } from '../../../control-plane/store/lmdb/lmdb-member-store.ts';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { MemoryMemberStore } from '../../../harness/store/memory-member-store.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { memberStoreContract, registration } from './member-store.contract.ts';

const clock = new FakeClock();
const pass = async (ms: number) => clock.advance(ms);
let made = 0;
const fresh = async () => {
  made += 1;
};

let log = new MemoryLog();
memberStoreContract('memory', {
  start: async () => undefined,
  fresh: async () => {
    log = new MemoryLog();
  },
  open() {
    const store = new MemoryStore(log);
    return { store, members: new MemoryMemberStore(store, clock) };
  },
  pass,
  stop: async () => undefined,
});

let root = '';
memberStoreContract('lmdb', {
  start: async () => {
    root = mkdtempSync(join(tmpdir(), 'lb-members-'));
  },
  fresh,
  open() {
    const store = new LmdbStore({ directory: join(root, `store-${made}`), clock: systemClock });
    return { store, members: new LmdbMemberStore(store, clock) };
  },
  pass,
  stop: async () => rmSync(root, { recursive: true, force: true }),
});

describe('members in LMDB', () => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  const open = () => {
    const own = new FakeClock();
    const { logger, said } = collectingLogger();
    const directory = mkdtempSync(join(tmpdir(), 'lb-members-'));
    folders.push(directory);
    const store = new LmdbStore({ directory, clock: systemClock });
    const again = () => new LmdbMemberStore(store, own, logger);
    return { own, store, said, again, members: again() };
  };

  it('are alive for their ttl, neither longer nor shorter, wherever the clock is set', async () => {
    for (const setMs of [-3_600_000, 3_600_000]) {
      const { own, store, members, again } = open();
      const put = await members.put(registration('10.0.0.1:80', { ttlMs: 10_000 }), null);
      assert.ok(put !== null);
      const isAlive = async (from: LmdbMemberStore) => (await from.read()).members[0]?.alive;
      assert.equal(await isAlive(members), true);
      own.setWall(setMs);
      own.advance(9_000);
      assert.equal(await isAlive(members), true);
      assert.deepEqual(await members.renew([put]), []);
      own.advance(9_000);
      assert.equal(await isAlive(members), true);
      own.advance(1_000);
      assert.equal(await isAlive(members), false);
      // Another process, which sees it for the first time: at the latest after one ttl.
      own.setWall(-setMs);
      const other = again();
      await other.read();
      own.advance(10_000);
      assert.equal(await isAlive(other), false);
      assert.equal(await other.remove(put, true), true);
      await store.close();
    }
  });

  it('are refused when they are too large, and one that is damaged or too large is left out and named', async () => {
    const { store, members, said } = open();
    await members.put(registration('10.0.0.1:80'), null);
    const large = registration('10.0.0.2:80', { instanceId: 'x'.repeat(1_000_000) });
    await assert.rejects(members.put(large, null), { code: 'RESOURCE_EXHAUSTED' });
    await store.database.write(({ put }) => {
      for (let proxy = 0; proxy < 20; proxy++) put(`member/proxy/p${proxy}`, Buffer.alloc(1_000_000, '7'));
      put('member/proxy/broken', Buffer.from('{'));
    });
    for (let reads = 0; reads < 3; reads++) assert.equal((await members.read()).members.length, 1);
    assert.equal(said.filter((line) => line.includes('more than the 32768 that are read')).length, 20);
    assert.equal(said.filter((line) => line.includes('not as this program writes it')).length, 1);
    await store.close();
  });
});
