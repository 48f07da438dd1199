/** The contract of member stores over a real etcd. Leases run on its clock, so time is waited for. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdMemberStore } from '../../../control-plane/store/etcd/etcd-member-store.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { sleep, systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';
import { type Etcd, findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../../harness/programs/etcd.ts';
import { memberStoreContract, registration } from './member-store.contract.ts';

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
  it('reads and takes members beside 20 of 1 MB each, which are left out and named', async (t) => {
    const own = await startEtcd(binary);
    t.after(() => own.dispose());
    const { logger, said } = collectingLogger();
    const client = new EtcdClient({ endpoints: [own.endpoint], access: { prefix: '/x/' }, clock, random });
    const store = new EtcdStore(client);
    t.after(() => store.close());
    const members = new EtcdMemberStore(client, store, logger);
    const proxy = { kind: 'proxy', id: 'p7', zone: '', instanceId: 'i', ttlMs: 60_000, sinceMs: 0 } as const;
    const large = { ...proxy, zone: 'z'.repeat(1_000_000) };
    await assert.rejects(members.put(large, null), { code: 'RESOURCE_EXHAUSTED' });
    await members.put(registration('10.0.0.1:80'), null);
    for (let id = 0; id < 20; id++) {
      const value = Buffer.from(JSON.stringify({ ...large, id: `p${id}` }));
      const put = { request_put: { key: client.key(`member/proxy/p${id}`), value } };
      await client.txn({ compare: [], success: [put], failure: [] });
    }
    const names = async () => (await members.read()).members.map(({ name }) => name);
    assert.deepEqual(await names(), ['backend/web/10.0.0.1:80']);
    assert.equal(said.filter((line) => line.includes('more than the 32768 that are read')).length, 20);
    assert.ok((await members.put(proxy, null)) !== null);
    assert.deepEqual(await names(), ['backend/web/10.0.0.1:80', 'proxy/p7']);
    assert.equal(said.length, 20);
  });
}
