/** Snapshots on their way to proxies, over real gRPC. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { TestProxy } from '../../../harness/control-plane/test-proxy.ts';

/** The pool `web` of so many backends. */
function createPool({ call }: TestControlPlane, count: number) {
  const addresses = Array.from({ length: count }, (_, index) => `10.1.${index >> 8}.${index & 255}:80`);
  const backends = addresses.map((address) => ({ address }));
  return call('pools', 'CreatePool', { pool: { name: 'web', backends } });
}

const weigh = ({ call }: TestControlPlane, weight: number) =>
  call('pools', 'UpdateBackend', { pool: 'web', backend: { address: '10.1.0.0:80', weight } });

describe('a proxy', () => {
  it('gets everything, then deltas to what it acknowledged', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane, 3);
    const proxy = new TestProxy(plane.client, 'p');
    proxy.subscribe();
    const [first] = await proxy.reach(1);
    assert.equal(first?.baseHash, '');
    const has = proxy.runs?.hash;
    assert.equal(proxy.runs?.entries.size, 5);
    await weigh(plane, 7);
    const second = await proxy.apply();
    assert.deepEqual([second.baseHash, second.upserts], [has, ['backend/web/10.1.0.0:80']]);
    await plane.call('pools', 'RemoveBackends', { pool: 'web', addresses: ['10.1.0.2:80'] });
    assert.deepEqual((await proxy.apply()).removals, ['backend/web/10.1.0.2:80']);
  });

  it('that refuses a snapshot keeps its base, gets the next one, and is counted', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane, 2);
    const proxy = await TestProxy.running(plane.client, 'p', 1);
    const has = proxy.runs;
    await weigh(plane, 5);
    proxy.nack(await proxy.delta(), { field: 'pools[web]', description: 'is odd' });
    await weigh(plane, 6);
    const next = await proxy.apply();
    assert.equal(next.baseHash, has?.hash);
    assert.equal(next.snapshot.position.revision, 3);
    const metrics = await (await fetch(`http://${plane.httpAddress}/metrics`)).text();
    assert.match(metrics, /^lb_snapshot_nacks_total 1$/m);
  });

  it('that breaks the protocol is told how', async (context) => {
    const plane = await runControlPlane(context);
    const proxy = new TestProxy(plane.client, 'p');
    proxy.send({ ack: { nonce: 'made up' } });
    const error = await proxy.incoming.error();
    assert.equal(error.code, 'INVALID_ARGUMENT');
    assert.match(error.message, /ack of unknown nonce "made up"/);
  });
});

describe('a control plane that comes back', () => {
  /** What was sent before a change of one backend, and for it. */
  async function sentFor(plane: TestControlPlane, proxy: TestProxy): Promise<readonly string[]> {
    proxy.subscribe();
    await weigh(plane, 9);
    const [first, ...others] = await proxy.reach(2);
    assert.deepEqual(others, []);
    assert.equal(proxy.incoming.waiting, 0);
    return first?.upserts ?? [];
  }

  it('sends no resource to a proxy that has them all: not after a restart, not after a fail-over', async (t) => {
    const directory = join(temporaryFolder(t), 'store');
    const open = () => new LmdbStore({ directory, clock: systemClock });
    const before = await runControlPlane(t, { store: open() });
    await createPool(before, 1);
    const proxy = await TestProxy.running(before.client, 'p', 1);
    await before.stop();
    const after = await runControlPlane(t, { store: open() });
    const back = new TestProxy(after.client, 'p', proxy.runs);
    assert.deepEqual(await sentFor(after, back), ['backend/web/10.1.0.0:80']);

    const log = new MemoryLog();
    const one = await runControlPlane(t, { store: new MemoryStore(log) });
    await createPool(one, 1);
    const two = await runControlPlane(t, { store: new MemoryStore(log) });
    const first = await TestProxy.running(one.client, 'p', 1);
    await one.stop();
    const moved = new TestProxy(two.client, 'p', first.runs);
    assert.deepEqual(await sentFor(two, moved), ['backend/web/10.1.0.0:80']);
  });
});

it('a replica whose store is behind withholds, and goes on once it has caught up', async (context) => {
  const log = new MemoryLog();
  const ahead = await runControlPlane(context, { store: new MemoryStore(log) });
  await createPool(ahead, 1);
  const copy = new MemoryLog(log.storeId);
  copy.commits.push(...log.commits);
  const behind = await runControlPlane(context, { store: new MemoryStore(copy) });
  await weigh(ahead, 3);
  const proxy = await TestProxy.running(ahead.client, 'p', 2);

  const moved = new TestProxy(behind.client, 'p', proxy.runs);
  moved.subscribe();
  assert.equal((await moved.withheld()).reason, 'REASON_REPLICA_BEHIND');
  await weigh(ahead, 4);
  copy.commits.push(...log.commits.slice(1));
  copy.version = log.version;
  for (const wake of copy.wakes) wake();
  assert.equal((await moved.apply()).snapshot.position.revision, 3);
});

describe('a deadline of thirty seconds, by a clock that the test moves', () => {
  /** A control plane with 10,000 backends published, whose time stands still from then on. */
  async function standingStill(context: TestContext) {
    const clock = new FakeClock();
    const plane = await runControlPlane(context, { clock, ready: false });
    const ticking = setInterval(() => clock.advance(5), 5);
    context.after(() => clearInterval(ticking));
    await createPool(plane, 10_000);
    await TestProxy.running(plane.client, 'first', 1);
    clearInterval(ticking);
    return { clock, plane };
  }

  /** Moves the time on until the stream has ended: the wait may begin a moment after we look. */
  async function endedBy(clock: FakeClock, proxy: TestProxy) {
    const leaping = setInterval(() => clock.advance(30_000), 10);
    try {
      return await proxy.incoming.error();
    } finally {
      clearInterval(leaping);
    }
  }

  it('ends the stream of a proxy that does not answer', async (context) => {
    const { clock, plane } = await standingStill(context);
    const proxy = new TestProxy(plane.client, 'p');
    proxy.subscribe();
    await proxy.delta();
    assert.match((await endedBy(clock, proxy)).message, /no Ack or Nack/);
  });

  it('ends the stream of a proxy that reads nothing', async (context) => {
    const { clock, plane } = await standingStill(context);
    const stuck = new TestProxy(plane.client, 'stuck');
    stuck.pause();
    stuck.subscribe();
    await plane.call('pools', 'ListPools', {});
    clock.advance(30_000);
    stuck.resume();
    assert.match((await endedBy(clock, stuck)).message, /read nothing for 30 s/);
  });
});
