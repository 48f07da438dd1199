/** Endpoints of --store that belong to different etcd clusters, and a store that was copied into another one. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdMemberStore } from '../../../control-plane/store/etcd/etcd-member-store.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { Committer } from '../../../control-plane/store/log/committer.ts';
import { LogFollower } from '../../../control-plane/store/log/log-follower.ts';
import { adoptStore } from '../../../core/model/edits/adopt.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';
import { EtcdCluster, findEtcd, HOW_TO_GET_ETCD } from '../../../harness/programs/etcd.ts';
import { eventually, startBuilt, temporaryFolder } from '../../../harness/programs/processes.ts';
import { Replica } from '../../../harness/store/replica.ts';
import { failureOf } from './config-store.contract.ts';

const prefix = '/equipoise/';
const access = { prefix };
const pool = (name: string) => createPool({ name, backends: [] });
const proxy = { kind: 'proxy', id: 'p', zone: '', instanceId: 'i', ttlMs: 60_000, sinceMs: 0 } as const;
/** As two clusters of the default peer URL have it: the same cluster_id. */
const DEFAULT_PEER = 'http://localhost:2380';
const SAME_ID = { 'initial-advertise-peer-urls': DEFAULT_PEER, 'initial-cluster': `m0=${DEFAULT_PEER}` };

const binary = findEtcd();
if (binary === undefined) it('etcd is not installed', { skip: HOW_TO_GET_ETCD });
else describe('an endpoint of another etcd cluster', () => foreign(binary));

function replicaOf(t: TestContext, ...clusters: readonly EtcdCluster[]) {
  const { logger, said } = collectingLogger();
  const endpoints = clusters.flatMap((cluster) => cluster.endpoints);
  const client = new EtcdClient({ endpoints, access, clock, random, logger });
  const store = new EtcdStore(client);
  const replica = new Replica(store);
  t.after(() => replica.close());
  return { replica, store, members: new EtcdMemberStore(client, store), said };
}

function foreign(found: string): void {
  const start = async (t: TestContext, flags: Readonly<Record<string, string>> = {}) => {
    const cluster = await EtcdCluster.start(found, { flags });
    t.after(() => cluster.dispose());
    return cluster;
  };
  /** Everything in it, to see that it stays so. */
  const contentOf = async (cluster: EtcdCluster) =>
    (JSON.parse(await cluster.etcdctl(['get', '', '--prefix', '-w', 'json'])) as { readonly kvs?: unknown })
      .kvs;

  for (const [what, flags, hasStore] of [
    ['empty', {}, false],
    ['with the store of another fleet', {}, true],
    ['empty, with the same cluster_id', SAME_ID, false],
    ['with the same cluster_id and the store of another fleet', SAME_ID, true],
  ] as const) {
    it(`that is ${what} is named, left and never written to, whenever the right one is away`, async (t) => {
      const [good, other] = [await start(t, flags), await start(t, flags)];
      assert.equal((await replicaOf(t, good).replica.propose(pool('a'))).revision, 1);
      if (hasStore) await replicaOf(t, other).replica.propose(pool('theirs'));
      const before = await contentOf(other);
      const [otherEndpoint = ''] = other.endpoints;

      // Named first, and with the right one there to decide.
      const { replica, members, said } = replicaOf(t, other, good);
      replica.follower.start();
      if (hasStore) {
        // Which one is meant can't be known.
        assert.match(
          (await failureOf(replica.propose(pool('b')))).message,
          /belong to different etcd clusters/,
        );
      } else {
        assert.equal((await replica.propose(pool('b'))).revision, 2);
        assert.equal(
          said.filter((line) => line.includes(`${otherEndpoint} belongs to another etcd cluster`)).length,
          1,
        );
        assert.ok((await members.put(proxy, null)) !== null);
      }

      await good.members[0]?.freeze(true);
      const late = replicaOf(t, good, other);
      late.replica.follower.start();
      for (const { replica: each, members: own } of [{ replica, members }, late]) {
        const error = await failureOf(each.propose(pool('c')));
        assert.equal(error.code, 'UNAVAILABLE');
        assert.match(error.message, /nothing was written/);
        assert.ok(
          error.message.includes(hasStore || each === late.replica ? 'not answer' : otherEndpoint),
          error.message,
        );
        await failureOf(own.put({ ...proxy, id: 'q' }, null));
        const status = each.follower.status();
        assert.ok(!status.ready);
      }
      assert.deepEqual(await contentOf(other), before);
      await good.members[0]?.freeze(false);
      if (!hasStore) {
        for (const { replica: each } of [{ replica }, late])
          await eventually(async () => each.follower.status().ready, 'it is followed again');
        await eventually(() => replica.propose(pool('d')), 'a commit');
        assert.ok((await late.replica.follower.catchUp()).state.pools.has('d'));
      }
      assert.deepEqual(await contentOf(other), before);
    });
  }

  it('keeps no replica from a cluster to which most endpoints belong', async (t) => {
    const good = await EtcdCluster.start(found, { members: 3 });
    t.after(() => good.dispose());
    const other = await start(t);
    const { replica } = replicaOf(t, other, good);
    // A store is made only where no endpoint can have another one.
    assert.match((await failureOf(replica.propose(pool('a')))).message, /has no store yet/);
    await replicaOf(t, good).replica.propose(pool('a'));
    await good.members[0]?.freeze(true);
    const late = replicaOf(t, other, good).replica.follower;
    const { state } = await eventually(() => late.catchUp(), 'it is read');
    assert.equal(state.pools.size, 1);
    assert.equal(await contentOf(other), undefined);
  });

  it('is its member still when it does not answer and the cluster names it', async (t) => {
    const good = await EtcdCluster.start(found, { members: 3 });
    t.after(() => good.dispose());
    await replicaOf(t, good).replica.propose(pool('a'));
    const two = { endpoints: good.endpoints.slice(0, 2) } as unknown as EtcdCluster;
    await good.members[0]?.freeze(true);
    const { replica } = replicaOf(t, two);
    await eventually(() => replica.follower.catchUp(), 'it is read');
  });

  it('has a copy of the store, which is followed and written to only once it was adopted', async (t) => {
    const [good, copy] = [await start(t), await start(t)];
    const one = replicaOf(t, good);
    await one.replica.propose(pool('a'));
    const file = join(temporaryFolder(t), 'etcd.db');
    await good.backUp(file);
    await copy.restore(file);
    const { replica, store, members } = replicaOf(t, copy);
    const moved = /a copy in the etcd cluster \d+ of the store at home in another one.*lbctl store adopt/;
    assert.match((await failureOf(replica.propose(pool('b')))).message, moved);
    assert.match((await failureOf(members.put(proxy, null))).message, /a copy in the etcd cluster/);
    const follower = new LogFollower({ store, clock, random, adopts: true });
    const committer = new Committer({ store, follower, clock, random });
    const edit = adoptStore({ storeId: 'new', replaces: [], force: true });
    const request = { requestId: 'r', requestDigest: 'd', author: '', message: '', dryRun: false };
    assert.equal((await committer.propose({ edit, ...request, deadlineMs: 20_000 })).revision, 2);
    assert.equal((await replica.propose(pool('b'))).revision, 3);
    assert.ok((await members.put(proxy, null)) !== null);
    // The one that it was copied from is where it was.
    assert.equal((await one.replica.propose(pool('c'))).revision, 2);
  });

  it('is told from ours by the home that a store of an earlier program gets as soon as it is read', async (t) => {
    const cluster = await start(t);
    const { replica, members } = replicaOf(t, cluster);
    await replica.propose(pool('a'));
    await cluster.etcdctl(['del', `${prefix}head/home`]);
    assert.equal((await replica.propose(pool('b'))).revision, 2);
    assert.ok((await members.put(proxy, null)) !== null);
    assert.match(await cluster.etcdctl(['get', `${prefix}head/home`]), /"store":".*","cluster_id":"\d+"/);
  });

  it('is reached without the HTTP proxy that the environment names, and no library writes into the log', async (t) => {
    const cluster = await start(t);
    const names = ['http_proxy', 'https_proxy', 'grpc_proxy'];
    const env = Object.fromEntries(names.map((name) => [name, 'http://127.0.0.1:9']));
    const trace = { GRPC_VERBOSITY: 'DEBUG', GRPC_TRACE: 'all' };
    const addresses = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
    const args = ['--store', `etcd:${cluster.endpoints.join(',')}`, ...addresses];
    const plane = startBuilt(t, 'control-plane/main.js', args, { env: { ...env, ...trace } });
    await plane.line((line) => line.includes('the store was read'), 'it is read');
    for (const line of plane.lines) assert.doesNotThrow(() => JSON.parse(line), line);
  });
}
