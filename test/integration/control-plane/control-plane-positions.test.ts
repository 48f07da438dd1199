/** Never backwards: what a proxy is sent when it, or a replica, stands elsewhere. Over real gRPC. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { TestProxy } from '../../../harness/control-plane/test-proxy.ts';

const createPool = ({ call }: TestControlPlane) =>
  call('pools', 'CreatePool', { pool: { name: 'web', backends: [{ address: '10.1.0.0:80' }] } });

const weigh = ({ call }: TestControlPlane, weight: number) =>
  call('pools', 'UpdateBackend', { pool: 'web', backend: { address: '10.1.0.0:80', weight } });

describe('never backwards', () => {
  it('a proxy of another store is sent nothing, and told why', async (context) => {
    const [one, two] = [await runControlPlane(context), await runControlPlane(context)];
    await createPool(one);
    await createPool(two);
    const proxy = new TestProxy(one.client, 'p');
    proxy.subscribe();
    await proxy.reach(1);
    const moved = new TestProxy(two.client, 'p', proxy.runs);
    moved.subscribe();
    const { reason, detail } = await moved.withheld();
    assert.equal(reason, 'REASON_STORE_MISMATCH');
    assert.match(detail, /lbctl store adopt/);
  });

  it('a proxy of another history of the same store is sent nothing', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane);
    await weigh(plane, 3);
    const proxy = new TestProxy(plane.client, 'p');
    proxy.subscribe();
    await proxy.reach(2);
    const restored = new TestProxy(plane.client, 'p', proxy.runs);
    assert.ok(proxy.runs);
    restored.subscribe({ ...proxy.runs.position, revision: 1, hash: 'f'.repeat(64) });
    assert.equal((await restored.withheld()).reason, 'REASON_STORE_MISMATCH');
  });

  it('a replica whose store is behind withholds, and goes on once it has caught up', async (context) => {
    const log = new MemoryLog();
    const ahead = await runControlPlane(context, { store: new MemoryStore(log) });
    await createPool(ahead);
    const copy = new MemoryLog(log.storeId);
    copy.commits.push(...log.commits);
    const behind = await runControlPlane(context, { store: new MemoryStore(copy) });
    await weigh(ahead, 3);
    const proxy = new TestProxy(ahead.client, 'p');
    proxy.subscribe();
    await proxy.reach(2);

    const moved = new TestProxy(behind.client, 'p', proxy.runs);
    moved.subscribe();
    assert.equal((await moved.withheld()).reason, 'REASON_REPLICA_BEHIND');
    await weigh(ahead, 4);
    copy.commits.push(...log.commits.slice(1));
    copy.version = log.version;
    for (const wake of copy.wakes) wake();
    assert.equal((await moved.apply()).snapshot.position.revision, 3);
  });

  it('a replica that has not yet heard of the newest commit reads its store first', async (context) => {
    const log = new MemoryLog();
    const one = await runControlPlane(context, { store: new MemoryStore(log) });
    const slow = new MemoryStore(log);
    const two = await runControlPlane(context, { store: slow });
    slow.log.wakes.clear();
    await createPool(one);
    const proxy = new TestProxy(one.client, 'p');
    proxy.subscribe();
    await proxy.reach(1);
    const moved = new TestProxy(two.client, 'p', proxy.runs);
    moved.subscribe();
    await weigh(one, 5);
    await moved.reach(2);
  });
});
