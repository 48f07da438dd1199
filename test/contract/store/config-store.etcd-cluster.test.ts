/**
 * A real etcd of three members, one or more of them in trouble, and the network between it and a replica. The waits are real
 * time, so each test has a cluster of its own, and some run at the same time.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import type { LogFollower } from '../../../control-plane/store/log/log-follower.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import type { EtcdProcess } from '../../../harness/programs/etcd-process.ts';
import { EtcdCluster, findEtcd, HOW_TO_GET_ETCD } from '../../../harness/programs/etcd.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { CuttingProxy } from '../../../harness/store/cutting-proxy.ts';
import { Replica } from '../../../harness/store/replica.ts';
import { failureOf } from './config-store.contract.ts';

/** The promise: no commit that a quorum answers for is seen later, on a machine with nothing else to do (see `eventually`). */
const SEEN_WITHIN_MS = 2_000;
const AT_ONCE = 3;
const access = { prefix: '/test/' };

const binary = findEtcd();
let named = 0;

if (binary === undefined) it('etcd is not installed', { skip: HOW_TO_GET_ETCD });
else describe('etcd with three members', { concurrency: AT_ONCE }, () => threeMembers(binary));

async function saysThatItIsAway(follower: LogFollower): Promise<void> {
  await eventually(async () => (follower.status().ready ? undefined : true), 'it is said');
  const status = follower.status();
  assert.match(status.ready ? '' : status.reason, /the store etcd:.* does not answer/);
  assert.equal((await follower.readBarrier()).stale, true);
}

function commit(replica: Replica) {
  const name = `pool-${named++}`;
  const edit = createPool({ name, backends: [] });
  return { once: () => replica.propose(edit, { requestId: name, deadlineMs: 3_000 }) };
}

/** As soon as a quorum answers for it: repeated, as lbctl does when it was told nothing else. */
function acknowledged(replica: Replica) {
  return eventually(commit(replica).once, 'a commit is acknowledged', 20_000);
}

/** Every commit of `writer` is seen by all in time. */
async function commitsAreSeen(writer: Replica, readers: readonly Replica[], commits = 2): Promise<void> {
  for (let made = 0; made < commits; made++) {
    const { revision } = await acknowledged(writer);
    const sees = ({ follower }: Replica) => (follower.current()?.position.revision ?? 0) >= revision;
    await eventually(
      async () => (readers.every(sees) ? true : undefined),
      `revision ${revision} is seen by all`,
      SEEN_WITHIN_MS,
    );
  }
}

/** A cluster, and replicas that follow it. */
async function start(t: TestContext, found: string) {
  const cluster = await EtcdCluster.start(found, { members: 3 });
  t.after(() => cluster.dispose());
  /** A replica that follows, and calls the endpoints in this order. */
  const following = (endpoints = cluster.endpoints) => {
    const replica = new Replica(new EtcdStore(new EtcdClient({ endpoints, access, clock, random })));
    t.after(() => replica.close());
    replica.follower.start();
    return replica;
  };
  const rotated = (first: number) => [
    ...cluster.endpoints.slice(first),
    ...cluster.endpoints.slice(0, first),
  ];
  /** One replica at each member; the first one writes. */
  const everywhere = () => {
    const readers = cluster.members.map((_, index) => following(rotated(index)));
    return { readers, writer: readers[0] ?? assert.fail() };
  };
  const links = async () => {
    const made = await Promise.all(cluster.endpoints.map((endpoint) => CuttingProxy.start(endpoint)));
    t.after(() => Promise.all(made.map((link) => link.close())));
    return made;
  };
  return { cluster, following, rotated, everywhere, links };
}

function threeMembers(found: string): void {
  it('shows every commit in time while any one member hangs, the leader included', async (t) => {
    const { cluster, following, rotated } = await start(t, found);
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

  it('loses no commit and shows every one in time while the leader is killed, again and again', async (t) => {
    const { cluster, following, everywhere } = await start(t, found);
    const { readers, writer } = everywhere();
    await commitsAreSeen(writer, readers, 1);
    for (let round = 0; round < 3; round++) {
      const leader = await cluster.leader();
      await leader.stop('SIGKILL');
      await commitsAreSeen(writer, readers);
      await leader.start();
    }
    const { state } = await following().follower.catchUp();
    assert.deepEqual([state.head.revision, state.pools.size], [7, 7]);
  });

  const troubles: readonly [
    string,
    (member: EtcdProcess) => Promise<void>,
    (member: EtcdProcess) => unknown,
  ][] = [
    ['killed', (member) => member.stop('SIGKILL'), (member) => member.launch()],
    ['frozen', (member) => member.freeze(true), (member) => member.freeze(false)],
  ];
  for (const [what, trouble, end] of troubles) {
    const seen = async (t: TestContext) => {
      const { cluster, everywhere } = await start(t, found);
      const { readers, writer } = everywhere();
      await commitsAreSeen(writer, readers, 1);
      const [, second, third] = cluster.members;
      assert.ok(second && third);
      for (const member of [second, third]) await trouble(member);
      await Promise.all(readers.map(({ follower }) => saysThatItIsAway(follower)));
      const error = await failureOf(commit(writer).once());
      assert.equal(error.code, 'UNAVAILABLE');
      assert.match(error.message, /nothing was written/);
      await end(second);
      await commitsAreSeen(writer, readers);
      await end(third);
    };
    describe(`two members that are ${what}`, () => {
      it('says so when there is no quorum, and shows commits in time as soon as there is one', seen);
    });
  }

  it('goes on while its members are restarted, one after the other', async (t) => {
    const { cluster, everywhere } = await start(t, found);
    const { readers, writer } = everywhere();
    for (const member of cluster.members) {
      await member.stop('SIGTERM');
      await commitsAreSeen(writer, readers);
      await member.start();
      await commitsAreSeen(writer, readers);
    }
  });

  it('says so when it is cut from etcd, keeps what it has, and goes on in time afterwards', async (t) => {
    const { following, links: linksOf } = await start(t, found);
    const links = await linksOf();
    const cut = following(links.map(({ endpoint }) => endpoint));
    const writer = following();
    await commitsAreSeen(writer, [cut], 1);
    // One link alone is no trouble.
    links[0]?.hold(true);
    await commitsAreSeen(writer, [cut]);
    for (const link of links) link.hold(true);
    await saysThatItIsAway(cut.follower);
    const lost = failureOf(cut.propose(createPool({ name: 'lost', backends: [] })));
    await acknowledged(writer);
    const read = await cut.follower.readBarrier();
    assert.deepEqual([read.stale, read.position.revision], [true, 3]);
    assert.match((await lost).message, /does not answer.*nothing was written/);
    for (const link of links) link.hold(false);
    await commitsAreSeen(writer, [cut]);
    for (const link of links) link.cut();
    await commitsAreSeen(writer, [cut]);
    await commitsAreSeen(cut, [writer]);
  });

  it('works over a slow network', async (t) => {
    const { following, links: linksOf } = await start(t, found);
    const links = await linksOf();
    for (const link of links) link.delay(100);
    const slow = following(links.map(({ endpoint }) => endpoint));
    const writer = following();
    await commitsAreSeen(writer, [slow]);
    await commitsAreSeen(slow, [writer]);
    await eventually(async () => slow.follower.status().ready, 'it is ready');
  });

  it('keeps a lease that is renewed whatever member hangs, and ends it when it is not', async (t) => {
    const { cluster } = await start(t, found);
    const client = new EtcdClient({ endpoints: cluster.endpoints, access, clock, random });
    t.after(() => client.close());
    const id = await client.grantLease(60);
    const key = client.key('members/a');
    const put = { request_put: { key, value: Buffer.from('here'), lease: id } };
    await client.txn({ compare: [], success: [put], failure: [] });
    for (const member of cluster.members) {
      await member.freeze(true);
      const renewed = async () => ((await client.renewLeases([id]))[0] === 60 ? true : undefined);
      await eventually(renewed, 'it is renewed');
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
