/** The contract of member stores in memory and in files, on a clock that the test moves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbMemberStore } from '../../../control-plane/store/lmdb/lmdb-member-store.ts';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { MemoryMemberStore } from '../../../harness/store/memory-member-store.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { memberStoreContract } from './member-store.contract.ts';

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
