/** etcd over its quota: refused in words, unless it was written all the same. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { KVClient } from 'etcd3';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdMemberStore } from '../../../control-plane/store/etcd/etcd-member-store.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { type Etcd, findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../../harness/programs/etcd.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { Replica } from '../../../harness/store/replica.ts';
import { registration } from './member-store.contract.ts';
import { failureOf } from './config-store.contract.ts';

/** Little, so that it is soon used up. */
const QUOTA_BYTES = 16 * 1_048_576;

const binary = findEtcd();
const pool = (name: string) => createPool({ name, backends: [] });

if (binary === undefined) it('etcd is not installed', { skip: HOW_TO_GET_ETCD });
else describe('an etcd that is full', () => full(binary));

function full(found: string): void {
  let etcd: Etcd;
  let one: Replica;
  beforeEach(async () => {
    etcd = await startEtcd(found, { 'quota-backend-bytes': String(QUOTA_BYTES) });
    one = new Replica(
      new EtcdStore(
        new EtcdClient({ endpoints: [etcd.endpoint], access: { prefix: '/test/' }, clock, random }),
      ),
    );
    await one.propose(pool('a'));
  });
  afterEach(async () => {
    await one.close();
    await etcd.dispose();
  });
  const alarm = async (action: 'ACTIVATE' | 'DEACTIVATE') => {
    const body = JSON.stringify({ action, alarm: 'NOSPACE' });
    const answer = await fetch(`http://${etcd.endpoint}/v3/maintenance/alarm`, { method: 'POST', body });
    assert.ok(answer.ok, await answer.text());
  };

  it('is told in words, and that nothing was written', async () => {
    await alarm('ACTIVATE');
    const error = await failureOf(one.propose(pool('b')));
    assert.equal(error.code, 'RESOURCE_EXHAUSTED');
    assert.match(error.message, /refused: .*space exceeded.*NOSPACE.*; nothing was written$/);
    await alarm('DEACTIVATE');
    assert.equal((await one.propose(pool('b'))).revision, 2);
  });

  it('is not said to have refused what it wrote all the same', async (context) => {
    type Request = Parameters<KVClient['txn']>[0];
    const { mock } = context.mock.method(
      KVClient.prototype,
      'txn',
      async function (this: KVClient, request: Request): ReturnType<KVClient['txn']> {
        mock.restore();
        await this.txn(request);
        const error = new Error('8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded');
        throw Object.assign(error, { code: status.RESOURCE_EXHAUSTED });
      },
    );
    const { revision, repeated } = await one.propose(pool('b'), { requestId: 'b' });
    assert.deepEqual([revision, repeated], [2, false]);
    assert.equal((await one.store.head()).revision, 2);
  });

  it('removes no registration, and goes on renewing the leases that live', async () => {
    const client = new EtcdClient({
      endpoints: [etcd.endpoint],
      access: { prefix: '/test/' },
      clock,
      random,
    });
    const store = new EtcdStore(client);
    const members = new EtcdMemberStore(client, store);
    const living = await members.put(registration('10.0.0.1:80'), null);
    const dead = await members.put(registration('10.0.0.2:80', { ttlMs: 2_000 }), null);
    assert.ok(living !== null && dead !== null);
    const lost = async () => (await members.read()).members.find(({ alive }) => !alive);
    const seen = await eventually(lost, 'a lease has ended');
    // Until the quota is used up, by somebody else's keys.
    for (let key = 0; ; key++) {
      const body = JSON.stringify({ key: btoa(`x${key}`), value: btoa('x'.repeat(1_000_000)) });
      const { ok } = await fetch(`http://${etcd.endpoint}/v3/kv/put`, { method: 'POST', body });
      if (!ok) break;
    }
    const { version } = await store.head();
    assert.equal((await failureOf(members.remove(seen, true))).code, 'RESOURCE_EXHAUSTED');
    assert.deepEqual(await members.renew([living]), []);
    assert.equal((await members.read()).members.length, 2);
    assert.equal((await store.head()).version, version);
    await store.close();
  });
}
