/** etcd: the contract of stores against a real one, and what only a store behind a network can be asked. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { KVClient } from 'etcd3';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { CuttingProxy } from '../../../harness/store/cutting-proxy.ts';
import { type Etcd, findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../../harness/programs/etcd.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { Replica } from '../../../harness/store/replica.ts';
import { checkpointsContract } from './config-store-checkpoints.contract.ts';
import { commitsAfter, configStoreContract, failureOf } from './config-store.contract.ts';

const binary = findEtcd();
const pool = (name: string) => createPool({ name, backends: [] });
let etcd: Etcd;
let prefix = '';
let made = 0;
const harness = {
  async start() {
    etcd = await startEtcd(binary ?? assert.fail());
  },
  async fresh() {
    prefix = `/test-${made++}/`;
  },
  open: (endpoints: readonly string[] = [etcd.endpoint]) =>
    new EtcdStore(new EtcdClient({ endpoints, access: { prefix }, clock, random })),
  async stop() {
    await etcd.dispose();
  },
};

if (binary === undefined) {
  it('etcd is not installed', { skip: HOW_TO_GET_ETCD });
} else {
  configStoreContract('etcd', harness);
  checkpointsContract('etcd', harness);
  describe('etcd', troubles);
}

function troubles(): void {
  let closing: (() => Promise<void>)[] = [];
  const replica = (endpoints?: readonly string[]) => {
    const opened = new Replica(harness.open(endpoints));
    closing.push(() => opened.close());
    return opened;
  };
  const proxy = async () => {
    const started = await CuttingProxy.start(etcd.endpoint);
    closing.push(() => started.close());
    return started;
  };
  before(() => harness.start());
  after(() => harness.stop());
  afterEach(async () => {
    for (const close of closing) await close();
    closing = [];
  });

  it('loses nothing that was acknowledged when etcd is killed and started again, and goes on by itself', async () => {
    await harness.fresh();
    const one = replica();
    one.follower.start();
    await one.propose(pool('before'));
    // Writers that go on through the outage; what was acknowledged to them must be there in the end.
    const acknowledged: string[] = [];
    const writing = new AbortController();
    const writers = [0, 1, 2].map(async (writer) => {
      for (let at = 0; !writing.signal.aborted; at++) {
        const name = `w${writer}-${at}`;
        const outcome = await one.propose(pool(name), { deadlineMs: 500 }).catch(() => undefined);
        if (outcome !== undefined) acknowledged.push(name);
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await eventually(async () => (acknowledged.length > 20 ? true : undefined), 'writes before the kill');
    await etcd.stop('SIGKILL');
    await eventually(async () => (one.follower.status().ready ? undefined : true), 'the outage is noticed');
    await etcd.start();
    const count = acknowledged.length;
    await eventually(
      async () => (acknowledged.length > count + 20 ? true : undefined),
      'writes after the restart',
    );
    writing.abort();
    await Promise.all(writers);
    await eventually(async () => (one.follower.status().ready ? true : undefined), 'it is ready again');
    const { state } = await replica().follower.catchUp();
    for (const name of acknowledged) assert.ok(state.pools.has(name), `${name} was acknowledged and is gone`);
  });

  it('reads its log whatever was compacted', async () => {
    await harness.fresh();
    const one = replica();
    for (const name of ['a', 'b', 'c']) await one.propose(pool(name));
    const { version } = await one.store.head();
    await gateway('kv/compaction', { revision: String(version), physical: true });
    assert.equal((await replica().follower.catchUp()).state.pools.size, 3);
    await one.propose(pool('d'));
    assert.equal((await one.follower.catchUp()).state.pools.size, 4);
  });

  it('answers reads from memory, marked stale, and refuses writes while it is away, at the start too', async () => {
    await harness.fresh();
    const one = replica();
    await one.propose(pool('web'));
    assert.equal((await one.follower.readBarrier()).stale, false);
    await etcd.stop('SIGKILL');
    const late = replica();
    late.follower.start();
    const read = await one.follower.readBarrier();
    assert.equal(read.stale, true);
    assert.ok(read.state.pools.has('web'));
    const error = await failureOf(one.propose(pool('lost'), { requestId: 'lost' }));
    assert.equal(error.code, 'UNAVAILABLE');
    assert.match(error.message, /does not answer.*nothing was written/);
    const status = late.follower.status();
    assert.match(status.ready ? '' : status.reason, /does not answer/);
    assert.equal((await failureOf(late.follower.readBarrier())).code, 'UNAVAILABLE');
    await etcd.start();
    await eventually(async () => (late.follower.status().ready ? true : undefined), 'it is followed');
    assert.ok(late.follower.current()?.state.pools.has('web'));
    assert.equal((await one.follower.readBarrier()).stale, false);
    assert.ok(!(await one.follower.catchUp()).state.pools.has('lost'));
    assert.equal((await one.propose(pool('lost'), { requestId: 'lost' })).repeated, false);
  });

  it('says that the outcome is unknown when the answer to an append is lost, and tells it to who repeats', async () => {
    await harness.fresh();
    const between = await proxy();
    const [one, two] = [replica([between.endpoint]), replica()];
    await one.propose(pool('first'));
    const struck = between.strike('the-lost-one', 'no-answer');
    const lost = failureOf(one.propose(pool('web'), { requestId: 'the-lost-one', deadlineMs: 400 }));
    await struck;
    await eventually(
      async () => ((await two.store.head()).revision === 2 ? true : undefined),
      'it has landed',
    );
    const error = await lost;
    assert.equal(error.code, 'OUTCOME_UNKNOWN');
    assert.match(error.message, /repeat the request with the same request_id \(the-lost-one\)/);
    between.cut();
    for (const each of [two, one]) {
      const again = await each.propose(pool('web'), { requestId: 'the-lost-one' });
      assert.deepEqual([again.revision, again.repeated], [2, true]);
    }
    assert.equal((await two.store.head()).revision, 2);
  });

  it('learns by itself that an append never arrived, and makes it once', async () => {
    await harness.fresh();
    const between = await proxy();
    const [one, two] = [replica([between.endpoint]), replica()];
    await one.propose(pool('first'));
    const struck = between.strike('the-lost-one', 'no-request');
    const outcome = one.propose(pool('web'), { requestId: 'the-lost-one' });
    await struck;
    // Somebody else takes the slot meanwhile.
    await two.propose(pool('other'));
    between.cut();
    assert.equal((await outcome).revision, 3);
    assert.deepEqual([...(await two.follower.catchUp()).state.pools.keys()], ['first', 'other', 'web']);
  });

  it('waits for a leader where there is none for a moment, and refuses nothing', async (t) => {
    await harness.fresh();
    const one = replica();
    await one.propose(pool('a'));
    let left = 3;
    const range = t.mock.method(KVClient.prototype, 'range', function (this: KVClient, request: object) {
      if (left === 0) range.mock.restore();
      else left -= 1;
      if (left === 0) return this.range(request);
      const error = new Error('14 UNAVAILABLE: etcdserver: leader changed');
      return Promise.reject(Object.assign(error, { code: status.UNAVAILABLE }));
    });
    assert.equal((await one.propose(pool('b'))).revision, 2);
    assert.equal(left, 0);
  });

  it('does not take a log without a head for a new store', async () => {
    await harness.fresh();
    const one = replica();
    await one.propose(pool('a'));
    await gateway('kv/deleterange', { key: base64(`${prefix}head`) });
    const error = await failureOf(harness.open().head());
    assert.equal(error.code, 'FAILED_PRECONDITION');
    assert.match(error.message, /has commits under .* but no head/);
  });

  it('keeps waking after its watch was cut', async () => {
    await harness.fresh();
    const between = await proxy();
    const [store, two] = [harness.open([between.endpoint]), harness.open()];
    closing.push(
      () => store.close(),
      () => two.close(),
    );
    let wakes = 0;
    store.onWake(() => {
      wakes += 1;
    });
    for (let round = 0; round < 3; round++) {
      const before = wakes;
      await eventually(async () => {
        const parent = await two.head();
        await two.append(parent, commitsAfter(parent, 1));
        return wakes > before ? true : undefined;
      }, 'a wake');
      between.cut();
    }
  });
}

/** etcd's JSON gateway, for what our stores never do. */
async function gateway(path: string, body: object): Promise<void> {
  const answer = await fetch(`http://${etcd.endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, await answer.text());
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
