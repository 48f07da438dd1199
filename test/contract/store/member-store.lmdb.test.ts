/** LMDB: the contract of member stores. The clock is the test's, the files are real. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbMemberStore } from '../../../control-plane/store/lmdb/lmdb-member-store.ts';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { memberStoreContract } from './member-store.contract.ts';

const clock = new FakeClock();
let root = '';
let made = 0;

memberStoreContract('lmdb', {
  async start() {
    root = mkdtempSync(join(tmpdir(), 'lb-members-'));
  },
  async fresh() {
    made += 1;
  },
  open() {
    const store = new LmdbStore({ directory: join(root, `store-${made}`), clock: systemClock });
    return { store, members: new LmdbMemberStore(store, clock) };
  },
  async pass(ms) {
    clock.advance(ms);
  },
  async stop() {
    rmSync(root, { recursive: true, force: true });
  },
});
