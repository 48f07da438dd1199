/** The members that tests use keep the contract of the real ones. */
import { FakeClock } from '../../../harness/fake-clock.ts';
import { MemoryMemberStore } from '../../../harness/store/memory-member-store.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { memberStoreContract } from './member-store.contract.ts';

const clock = new FakeClock();
let log = new MemoryLog();

memberStoreContract('memory', {
  async start() {},
  async fresh() {
    log = new MemoryLog();
  },
  open() {
    const store = new MemoryStore(log);
    return { store, members: new MemoryMemberStore(store, clock) };
  },
  async pass(ms) {
    clock.advance(ms);
  },
  async stop() {},
});
