/** The roster in the store: it outlives every replica, and costs few writes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemberRig } from '../../../../../harness/store/member-rig.ts';
import { report } from '../../../../../harness/control-plane/reports.ts';

const MINUTE = 60_000;

async function rig(replicas = 1) {
  const made = new MemberRig();
  const all = Array.from({ length: replicas }, () => made.replica());
  await made.pass(0);
  return { made, all, one: all[0] ?? assert.fail(), two: all[1] ?? all[0] ?? assert.fail() };
}

describe('the roster in the store', () => {
  it('has a proxy from its first contact on, at every replica', async () => {
    const { made, one, two } = await rig(2);
    one.connect('edge-1');
    await made.pass(1_000);
    assert.deepEqual([one.ids(), two.ids()], [['edge-1'], ['edge-1 (away)']]);
  });

  it('is known again at once after every replica has been killed', async () => {
    const { made, all, one, two } = await rig(2);
    one.connect('edge-1');
    two.connect('edge-2');
    await made.pass(1_000);
    for (const replica of all) await replica.kill();
    const next = made.replica();
    await made.pass(0);
    assert.deepEqual(next.ids(), ['edge-1 (away)', 'edge-2 (away)']);
  });

  it('lets go of one that stopped in order, at every replica', async () => {
    const { made, one, two } = await rig(2);
    const session = one.connect('edge-1');
    await made.pass(1_000);
    session.report(report({ stopping: true }));
    session.close();
    await made.pass(1_000);
    assert.deepEqual([one.ids(), two.ids()], [[], []]);
    assert.ok(one.said.includes('info a proxy is off the roster: it stopped'));
  });

  it('lets go of one that is away for ten minutes, counted from when it was lost, and says so', async () => {
    const { made, one, two } = await rig(2);
    const session = one.connect('edge-1');
    await made.pass(2 * MINUTE);
    session.close();
    await made.pass(10 * MINUTE - 1_000);
    assert.deepEqual(two.ids(), ['edge-1 (away)']);
    await made.pass(20_000);
    assert.deepEqual([one.ids(), two.ids()], [[], []]);
    const words = 'warn a proxy is off the roster: it was disconnected for ten minutes';
    assert.equal([...one.said, ...two.said].filter((line) => line === words).length, 1);
  });

  it('keeps one that reports, for hours, with few writes', async () => {
    const { made, one } = await rig();
    const sessions = Array.from({ length: 50 }, (_, index) => one.connect(`edge-${index}`));
    await made.pass(1_000);
    // A write that crosses its own echo is refused by the store, and costs nothing there.
    assert.ok(one.writes() <= 60, `${one.writes()} writes`);
    const before = one.writes();
    for (let minute = 0; minute < 60; minute++) {
      for (const session of sessions) session.report(report());
      await made.pass(MINUTE);
    }
    assert.equal(one.ids().length, 50);
    // Fifty proxies are renewed in one write, every three minutes.
    assert.ok(one.writes() - before <= 20, `${one.writes() - before} writes`);
  });

  it('takes nobody off at once whose lease ended while no replica ran', async () => {
    const { made, one } = await rig();
    one.connect('edge-1');
    one.connect('edge-2');
    await made.pass(1_000);
    await one.kill();
    await made.pass(60 * MINUTE);
    const next = made.replica();
    await made.pass(2_000);
    assert.deepEqual(next.ids(), ['edge-1 (away)', 'edge-2 (away)']);
    next.connect('edge-1');
    await made.pass(MINUTE);
    assert.deepEqual(next.ids(), ['edge-1']);
  });

  it('keeps a proxy that came back, though a replica that slept meanwhile heard it stop', async () => {
    const { made, one, two } = await rig(2);
    const sleeping = one.connect('edge-1', 'first');
    await made.pass(1_000);
    // It is stopped in its tracks: it takes nothing in and sends nothing out.
    one.store.away = true;
    sleeping.report(report({ stopping: true }));
    sleeping.close();
    const session = two.connect('edge-1', 'second');
    await made.pass(5_000);
    one.store.away = false;
    await made.pass(5_000);
    assert.deepEqual(two.ids(), ['edge-1']);
    session.close();
    await made.pass(1_000);
    assert.deepEqual([one.ids(), two.ids()], [['edge-1 (away)'], ['edge-1 (away)']]);
  });

  it('puts a connected proxy on again that another replica has deleted', async () => {
    const { made, one, two } = await rig(2);
    one.connect('edge-1');
    await made.pass(1_000);
    await two.roster.remove('edge-1');
    await made.pass(2_000);
    assert.deepEqual([one.ids(), two.ids()], [['edge-1'], ['edge-1 (away)']]);
  });

  it('forgets one that is away when told so, everywhere, and not one that is connected', async () => {
    const { made, one, two } = await rig(2);
    const session = one.connect('edge-1');
    await made.pass(1_000);
    await assert.rejects(one.roster.remove('edge-1'), { code: 'FAILED_PRECONDITION' });
    session.close();
    await made.pass(1_000);
    await two.roster.remove('edge-1');
    await made.pass(1_000);
    assert.deepEqual([one.ids(), two.ids()], [[], []]);
    await assert.rejects(two.roster.remove('edge-1'), { code: 'NOT_FOUND' });
  });

  it('says so when a proxy comes back while it is being deleted', async () => {
    const { made, one, two } = await rig(2);
    one.connect('edge-1', 'first').close();
    await made.pass(2_000);
    const remove = two.memberStore.remove.bind(two.memberStore);
    two.memberStore.remove = async (seen, onlyDead) => {
      one.connect('edge-1', 'second');
      await made.pass(1_000);
      return remove(seen, onlyDead);
    };
    await assert.rejects(two.roster.remove('edge-1'), { code: 'ABORTED', message: /came back/ });
    assert.deepEqual([one.ids(), two.ids()], [['edge-1'], ['edge-1 (away)']]);
  });

  it('enters later whom it could not enter while the store was away', async () => {
    const { made, one, two } = await rig(2);
    one.store.away = true;
    one.connect('edge-1');
    await made.pass(10_000);
    assert.deepEqual([one.ids(), two.ids()], [['edge-1'], []]);
    one.store.away = false;
    await made.pass(10_000);
    assert.deepEqual(two.ids(), ['edge-1 (away)']);
  });

  it('does not fight over an id that two processes claim at two replicas', async () => {
    const { made, one, two } = await rig(2);
    one.connect('edge-1', 'first');
    two.connect('edge-1', 'second');
    await made.pass(10_000);
    const before = one.writes() + two.writes();
    await made.pass(MINUTE);
    assert.equal(one.writes() + two.writes(), before);
  });
});
