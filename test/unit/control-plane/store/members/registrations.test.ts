/** The registrations that a replica holds: put, renewed, taken over, drained. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LbError } from '../../../../../core/runtime/errors.ts';
import { registration } from '../../../../contract/store/member-store.contract.ts';
import { MemberRig } from '../../../../../harness/store/member-rig.ts';
import { backendReport, report } from '../../../../../harness/control-plane/reports.ts';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { commitOn } from '../../../../../harness/state.ts';
import { emptyState } from '../../../../../core/model/fold.ts';

const TTL = 9_000;
const web = (address = '10.0.0.1:80', fields = {}) => registration(address, { ttlMs: TTL, ...fields });

async function rig(replicas = 1) {
  const made = new MemberRig();
  const state = emptyState(made.log.storeId);
  const created = createPool({ name: 'web', backends: [{ address: '10.0.0.99:80' }] })(state);
  assert.ok(created.ok);
  assert.ok(made.log.append(made.log.head, [commitOn(state, created.changes)]));
  const all = Array.from({ length: replicas }, () => made.replica());
  await made.pass(0);
  return { made, one: all[0] ?? assert.fail(), two: all[1] ?? all[0] ?? assert.fail() };
}

describe('a registration', () => {
  it('is renewed for as long as it is held', async () => {
    const { made, one } = await rig();
    const { told } = await one.register(web());
    await made.pass(10 * TTL);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 active']);
    assert.deepEqual(told, ['registered active']);
  });

  it('leaves after its ttl when it is dropped', async () => {
    const { made, one } = await rig();
    const { hold } = await one.register(web());
    await made.pass(1_000);
    one.registrations.drop(hold);
    await made.pass(TTL - 1_500);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 active']);
    await made.pass(TTL / 3 + 3_000);
    assert.deepEqual(await one.registered(), []);
    assert.ok(one.said.some((line) => line === 'warn a registered backend is out of its pool'));
  });

  it('is refused with every violation at once', async () => {
    const { one } = await rig();
    const wrong = registration('0.0.0.0:80', {
      pool: 'wbe',
      weight: 1_001,
      ttlMs: 1,
      instanceId: 'x'.repeat(65),
    });
    const error = await one.register(wrong).catch((reason: unknown) => reason);
    assert.ok(error instanceof LbError);
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ['ttl', 'instance_id', 'pool', 'weight', 'address'],
    );
    const words = error.violations.map(({ field, description }) => `${field} ${description}`).join('\n');
    assert.match(words, /^pool "wbe" does not exist.*"web".*create it first/m);
    assert.match(words, /^ttl .*it must be 2s to 5m/m);
    assert.deepEqual(await one.registered(), []);
  });

  it('moves to another replica under the same instance without leaving', async () => {
    const { made, one, two } = await rig(2);
    const first = await one.register(web());
    await made.pass(1_000);
    const second = await two.register(web());
    await made.pass(2_000);
    assert.deepEqual(first.told, ['registered active', 'ABORTED']);
    one.registrations.drop(first.hold);
    await made.pass(10 * TTL);
    assert.deepEqual(await two.registered(), ['10.0.0.1:80 active']);
    assert.deepEqual(second.told, ['registered active']);
  });

  it('is not drained by a replica that it has left, where the farewell there is late', async () => {
    const { one } = await rig();
    const { hold, told } = await one.register(web());
    // As another replica does, which this one has not seen yet.
    assert.ok(await one.memberStore.put(hold.member.value, hold.member));
    await one.registrations.drain(hold);
    assert.equal(told.at(-1), 'over');
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 active']);
  });

  it('stays, though a replica that slept wakes up and finds its lease ended', async () => {
    const { made, one, two } = await rig(2);
    const first = await one.register(web());
    await made.pass(1_000);
    // As SIGSTOP does: nothing reaches the store, nothing is renewed.
    one.store.away = true;
    await two.register(web());
    await made.pass(3 * TTL);
    one.store.away = false;
    await made.pass(3 * TTL);
    assert.deepEqual(await two.registered(), ['10.0.0.1:80 active']);
    assert.deepEqual(first.told, ['registered active', 'ABORTED']);
  });

  it('goes to the newest instance, and the older one is told', async () => {
    const { made, one, two } = await rig(2);
    const old = await one.register(web('10.0.0.1:80', { instanceId: 'old' }));
    await two.register(web('10.0.0.1:80', { instanceId: 'new', weight: 5 }));
    await made.pass(2_000);
    assert.deepEqual(old.told, ['registered active', 'ALREADY_EXISTS']);
    await made.pass(5 * TTL);
    const [status] = (await two.registrations.read()).registrations;
    assert.deepEqual([status?.member.value.instanceId, status?.member.value.weight], ['new', 5]);
  });

  it('is put again when the store was away for longer than its lease', async () => {
    const { made, one } = await rig();
    const { told } = await one.register(web());
    for (const away of [true, false]) {
      one.store.away = away;
      await made.pass(3 * TTL);
    }
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 active']);
    assert.ok(!told.includes('over'));
  });

  it('is lost when it once sent signs of life and sends none for its ttl', async () => {
    const { made, one } = await rig();
    const { hold, told } = await one.register(web());
    for (let round = 0; round < 6; round++) {
      one.registrations.heard(hold);
      await made.pass(TTL / 3);
    }
    assert.deepEqual(told, Array(7).fill('registered active'), 'each sign of life is answered');
    await made.pass(TTL + 1_000);
    assert.equal(told.at(-1), 'UNAVAILABLE');
    await made.pass(2 * TTL);
    assert.deepEqual(await one.registered(), []);
  });

  it('is not answered where its lease can not be renewed', async () => {
    const { made, one } = await rig();
    const { hold, told } = await one.register(web());
    one.store.away = true;
    await made.pass(3_000);
    one.registrations.heard(hold);
    await made.pass(0);
    assert.equal(told.at(-1), 'UNAVAILABLE');
  });

  it('drains until the proxies that run it have no connection, then leaves', async () => {
    const { made, one } = await rig();
    const session = one.connect('edge-1');
    const { hold, told } = await one.register(web());
    await one.registrations.drain(hold);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 draining']);
    const { position } = one.follower.current() ?? assert.fail();
    const runs = (version: number) => ({
      position: {
        storeId: position.storeId,
        replaces: [],
        version: String(version),
        revision: '1',
        hash: position.hash,
      },
      snapshotHash: '',
      failedListeners: [],
      certificates: [],
      ownBackends: [],
      rejected: null,
      fromDisk: false,
      stale: false,
    });
    // What it ran before the drain says nothing.
    session.report(
      report({
        applied: runs(position.version - 1),
        backends: [backendReport('web', '10.0.0.1:80', { connectionsActive: 0 })],
      }),
    );
    await made.pass(2_000);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 draining']);
    session.report(
      report({
        applied: runs(position.version),
        backends: [backendReport('web', '10.0.0.1:80', { connectionsActive: 2 })],
      }),
    );
    await made.pass(2_000);
    assert.equal(told.at(-1), 'registered draining 2 open');
    // Counters alone, and no renewal is due yet: nothing but time makes the replica look.
    session.report(report({ backends: [backendReport('web', '10.0.0.1:80', { connectionsActive: 0 })] }));
    await made.pass(600);
    assert.deepEqual(await one.registered(), []);
    assert.equal(told.at(-1), 'over');
  });

  it('waits, for a bounded time, for proxies of the roster that its replica does not hear', async () => {
    const { made, one, two } = await rig(2);
    two.connect('edge-1');
    await made.pass(2_000);
    const { hold, told } = await one.register(web());
    await one.registrations.drain(hold);
    await made.pass(8_000);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 draining']);
    await made.pass(3_000);
    assert.deepEqual(await one.registered(), []);
    assert.equal(told.at(-1), 'over');
  });

  it('drains when it leaves while it is held as expiring, and its replica does not know that yet', async () => {
    const { made, one } = await rig();
    one.connect('edge-1');
    const { hold, told } = await one.register(web());
    const held = { ...hold.member.value, state: 'expiring', heldUntilMs: 1e15 } as const;
    assert.ok(await one.memberStore.put(held, hold.member));
    await one.registrations.drain(hold);
    await made.pass(1_000);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 draining']);
    assert.equal(told.at(-1), 'registered draining');
  });

  it('is over at once when it leaves and is gone already, in words when it is another one', async () => {
    const { one } = await rig();
    const gone = await one.register(web());
    assert.ok(await one.memberStore.remove(gone.hold.member, false));
    await one.registrations.drain(gone.hold);
    assert.equal(gone.told.at(-1), 'over');
    const old = await one.register(web());
    assert.ok(await one.memberStore.put(web('10.0.0.1:80', { instanceId: 'new' }), old.hold.member));
    await one.registrations.drain(old.hold);
    assert.equal(old.told.at(-1), 'ALREADY_EXISTS');
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 active']);
  });

  it('drains when it leaves while it is being put again', async () => {
    const { made, one } = await rig();
    one.connect('edge-1');
    const { hold, told } = await one.register(web());
    const put = one.memberStore.put.bind(one.memberStore);
    let begin = () => undefined as void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let goOn = () => undefined as void;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    one.memberStore.put = async (value, seen) => {
      if (value.kind === 'backend') {
        begin();
        await gate;
      }
      return put(value, seen);
    };
    assert.ok(await one.memberStore.remove(hold.member, false));
    await made.pass(TTL);
    await begun;
    await one.registrations.drain(hold);
    assert.ok(!told.includes('over'));
    goOn();
    await made.pass(1_000);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 draining']);
    assert.equal(told.at(-1), 'registered draining');
  });

  it('leaves at the drain timeout of its policy, connections or not', async () => {
    const { made, one } = await rig();
    one.connect('edge-1');
    const { hold, told } = await one.register(web());
    await one.registrations.drain(hold);
    await made.pass(5 * 60_000 - 1_000);
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 draining']);
    await made.pass(2_000);
    assert.deepEqual(await one.registered(), []);
    assert.equal(told.at(-1), 'over');
  });

  it('is kept as expiring with the others when all are lost, and active again when it comes back', async () => {
    const { made, one, two } = await rig(2);
    const holds = await Promise.all([1, 2, 3].map((index) => one.register(web(`10.0.0.${index}:80`))));
    await made.pass(1_000);
    for (const { hold } of holds) one.registrations.drop(hold);
    await made.pass(2 * TTL);
    assert.deepEqual(await one.registered(), [
      '10.0.0.1:80 expiring',
      '10.0.0.2:80 expiring',
      '10.0.0.3:80 expiring',
    ]);
    const words = [...one.said, ...two.said].filter((line) =>
      line.includes('3 of 3 registrations of the pool "web"'),
    );
    assert.equal(words.length, 3, 'one replica decides, and says so');
    await two.register(web('10.0.0.2:80'));
    assert.deepEqual(await two.registered(), [
      '10.0.0.1:80 expiring',
      '10.0.0.2:80 active',
      '10.0.0.3:80 expiring',
    ]);
    await made.pass(6 * 60_000);
    assert.deepEqual(await two.registered(), ['10.0.0.2:80 active']);
  });
});
