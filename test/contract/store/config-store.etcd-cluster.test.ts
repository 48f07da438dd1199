/** A real etcd of three members, one or more of them in trouble, and the network between it and a replica. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import type { LogFollower } from '../../../control-plane/store/log/log-follower.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { CuttingProxy } from '../../../harness/store/cutting-proxy.ts';
import type { EtcdProcess } from '../../../harness/programs/etcd-process.ts';
import { EtcdCluster, findEtcd, HOW_TO_GET_ETCD } from '../../../harness/programs/etcd.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { Replica } from '../../../harness/store/replica.ts';
import { failureOf } from './config-store.contract.ts';

/** The promise: no commit that a quorum answers for is seen later. A failure when it passes, never a measure. */
const SEEN_WITHIN_MS = 2_000;

const binary = findEtcd();
let named = 0;

if (binary === undefined) it(`etcd is not installed: ${HOW_TO_GET_ETCD}`, { skip: true });
else describe('etcd with three members', () => threeMembers(binary));

async function saysThatItIsAway(follower: LogFollower): Promise<void> {
  await eventually(async () => (follower.status().ready ? undefined : true), 'it is said');
  const status = follower.status();
  assert.match(status.ready ? '' : status.reason, /the store etcd:.* does not answer/);
  assert.equal((await follower.readBarrier()).stale, true);
}

function threeMembers(found: string): void {
  let cluster: EtcdCluster;
  let prefix = '';
  let closing: (() => Promise<void>)[] = [];
  before(async () => {
    cluster = await EtcdCluster.start(found, { members: 3 });
  });
  after(() => cluster.dispose());
  afterEach(async () => {
    for (const close of closing) await close();
    closing = [];
    for (const member of cluster.members) await launchOrThaw(member);
    for (const member of cluster.members) await member.ready();
  });

  const fresh = () => {
    prefix = `/test-${named++}/`;
  };
  /** A replica that follows, and asks the members in this order. */
  const following = (endpoints = cluster.endpoints) => {
    const client = new EtcdClient({ endpoints, access: { prefix }, clock, random });
    const replica = new Replica(new EtcdStore(client));
    closing.push(() => replica.close());
    replica.follower.start();
    return replica;
  };
  const launchOrThaw = async (member: EtcdProcess) => {
    if (member.running) await member.freeze(false);
    else member.launch();
  };
  const rotated = (first: number) => [
    ...cluster.endpoints.slice(first),
    ...cluster.endpoints.slice(0, first),
  ];
  /** One replica at each member. */
  const everywhere = () => cluster.members.map((_, index) => following(rotated(index)));
  const commit = (replica: Replica) => {
    const name = `pool-${named++}`;
    const edit = createPool({ name, backends: [] });
    return { once: () => replica.propose(edit, { requestId: name, deadlineMs: 3_000 }) };
  };
  /** As soon as a quorum answers for it: repeated, as lbctl does when it was told nothing else. */
  const acknowledged = (replica: Replica) =>
    eventually(commit(replica).once, 'a commit is acknowledged', 20_000);
  /** Every commit of `writer` is seen by all in time. */
  const commitsAreSeen = async (writer: Replica, readers: readonly Replica[], commits = 3) => {
    for (let made = 0; made < commits; made++) {
      const { revision } = await acknowledged(writer);
      const sees = ({ follower }: Replica) => (follower.current()?.position.revision ?? 0) >= revision;
      await eventually(
        async () => (readers.every(sees) ? true : undefined),
        `revision ${revision} is seen by all`,
        SEEN_WITHIN_MS,
      );
    }
  };

  it('shows every commit in time while any one member hangs, the leader included', async () => {
    fresh();
    for (const [index, member] of cluster.members.entries()) {
      // One asks the member that will hang, the other has never asked it.
      const reader = following(rotated(index));
      const writer = following(rotated(index).slice(1));
      await commitsAreSeen(writer, [reader], 1);
      await member.freeze(true);
      await commitsAreSeen(writer, [reader]);
      await member.freeze(false);
      await member.ready();
    }
  });

  it('loses no commit and shows every one in time while the leader is killed, again and again', async () => {
    fresh();
    const readers = everywhere();
    const [writer] = readers;
    assert.ok(writer);
    await commitsAreSeen(writer, readers, 1);
    for (let round = 0; round < 3; round++) {
      const leader = await cluster.leader();
      await leader.stop('SIGKILL');
      await commitsAreSeen(writer, readers);
      await leader.start();
    }
    const { state } = await following().follower.catchUp();
    assert.equal(state.head.revision, 10);
    assert.equal(state.pools.size, 10);
  });

  it('says so when there is no quorum, and shows commits in time as soon as there is one', async () => {
    fresh();
    const readers = everywhere();
    const [writer] = readers;
    assert.ok(writer);
    await commitsAreSeen(writer, readers, 1);
    const [, second, third] = cluster.members;
    assert.ok(second && third);
    const troubles = [
      (member: EtcdProcess) => member.stop('SIGKILL'),
      (member: EtcdProcess) => member.freeze(true),
    ];
    for (const trouble of troubles) {
      for (const member of [second, third]) await trouble(member);
      for (const { follower } of readers) await saysThatItIsAway(follower);
      const error = await failureOf(commit(writer).once());
      assert.equal(error.code, 'UNAVAILABLE');
      assert.match(error.message, /nothing was written/);
      await launchOrThaw(second);
      await commitsAreSeen(writer, readers);
      await launchOrThaw(third);
      for (const member of cluster.members) await member.ready();
    }
  });

  it('goes on while its members are restarted, one after the other', async () => {
    fresh();
    const readers = everywhere();
    const [writer] = readers;
    assert.ok(writer);
    for (const member of cluster.members) {
      await member.stop('SIGTERM');
      await commitsAreSeen(writer, readers, 3);
      await member.start();
      await commitsAreSeen(writer, readers, 3);
    }
  });

  it('says so when it is cut from etcd, keeps what it has, and goes on in time afterwards', async () => {
    fresh();
    const links = await Promise.all(cluster.endpoints.map((endpoint) => CuttingProxy.start(endpoint)));
    closing.push(async () => {
      for (const link of links) await link.close();
    });
    const cut = following(links.map(({ endpoint }) => endpoint));
    const writer = following();
    await commitsAreSeen(writer, [cut], 1);
    // One link alone is no trouble.
    links[0]?.hold(true);
    await commitsAreSeen(writer, [cut]);
    for (const link of links) link.hold(true);
    await saysThatItIsAway(cut.follower);
    await acknowledged(writer);
    const read = await cut.follower.readBarrier();
    assert.deepEqual([read.stale, read.position.revision], [true, 4]);
    const error = await failureOf(cut.propose(createPool({ name: 'lost', backends: [] })));
    assert.match(error.message, /does not answer.*nothing was written/);
    for (const link of links) link.hold(false);
    await commitsAreSeen(writer, [cut]);
    for (const link of links) link.cut();
    await commitsAreSeen(writer, [cut]);
    await commitsAreSeen(cut, [writer], 2);
  });

  it('works over a slow network', async () => {
    fresh();
    const links = await Promise.all(cluster.endpoints.map((endpoint) => CuttingProxy.start(endpoint)));
    closing.push(async () => {
      for (const link of links) await link.close();
    });
    for (const link of links) link.delay(100);
    const slow = following(links.map(({ endpoint }) => endpoint));
    const writer = following();
    await commitsAreSeen(writer, [slow]);
    await commitsAreSeen(slow, [writer]);
    assert.equal(slow.follower.status().ready, true);
  });

  it('keeps a lease that is renewed whatever member hangs, and ends it when it is not', async () => {
    fresh();
    const client = new EtcdClient({ endpoints: cluster.endpoints, access: { prefix }, clock, random });
    closing.push(async () => client.close());
    const id = await client.grantLease(60);
    const key = client.key('members/a');
    await client.txn({
      compare: [],
      success: [{ request_put: { key, value: Buffer.from('here'), lease: id } }],
      failure: [],
    });
    for (const member of cluster.members) {
      await member.freeze(true);
      await eventually(
        async () => ((await client.renewLeases([id]))[0] === 60 ? true : undefined),
        'it is renewed',
      );
      await member.freeze(false);
      await member.ready();
    }
    let wakes = 0;
    const stop = client.watch(key, () => {
      wakes += 1;
    });
    await eventually(async () => (wakes > 0 ? true : undefined), 'the watch stands');
    const before = wakes;
    await client.revokeLease(id);
    assert.equal((await client.range({ key })).kvs.length, 0);
    await eventually(async () => (wakes > before ? true : undefined), 'the end of the key wakes');
    stop();
    assert.deepEqual(await client.renewLeases([id]), [0]);
    await client.revokeLease(id);
  });
}
