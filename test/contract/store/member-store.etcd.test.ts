/** The contract of member stores over a real etcd. Leases run on its clock, so time is waited for. */
import { it } from 'node:test';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdMemberStore } from '../../../control-plane/store/etcd/etcd-member-store.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { sleep, systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { type Etcd, findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../../harness/programs/etcd.ts';
import { memberStoreContract } from './member-store.contract.ts';

const binary = findEtcd();
let made = 0;
let etcd: Etcd;
let alive: NodeJS.Timeout;
if (binary === undefined) it('etcd is not installed', { skip: HOW_TO_GET_ETCD });
else {
  memberStoreContract('etcd', {
    async start() {
      // The system clock's timers do not keep a process alive.
      alive = setInterval(() => undefined, 60_000);
      etcd = await startEtcd(binary);
    },
    fresh: async () => {
      made += 1;
    },
    open() {
      const access = { prefix: `/test-${made}/` };
      const client = new EtcdClient({ endpoints: [etcd.endpoint], access, clock, random });
      const store = new EtcdStore(client);
      return { store, members: new EtcdMemberStore(client, store) };
    },
    pass: (ms) => sleep(clock, ms),
    async stop() {
      clearInterval(alive);
      await etcd.dispose();
    },
  });
}
