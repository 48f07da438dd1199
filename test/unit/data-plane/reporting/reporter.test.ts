import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ReporterRig } from '../../../../harness/proxy/reporter-rig.ts';
import { position } from '../../../../harness/snapshots.ts';

describe('the reporter', () => {
  let rig: ReporterRig;

  beforeEach(() => {
    rig = new ReporterRig();
  });

  it('tells every replica who it is and everything at the start, and then only what changed', async () => {
    await rig.start('a', 'b');
    assert.equal(rig.calls.length, 2);
    for (const { sent } of rig.calls) assert.equal(sent[0]?.proxy?.id, 'p1');
    rig.clock.advance(3_000);
    for (const { sent } of rig.calls) assert.equal(sent.length, 1);
    rig.accepted = 5;
    rig.clock.advance(1_000);
    for (const call of rig.calls) assert.deepEqual(call.totals, ['0', '5']);
    assert.equal(rig.calls[0]?.sent[1]?.proxy, null);
  });

  it('reports what is urgent within milliseconds, and what comes together at once', async () => {
    const reporter = await rig.start('a');
    rig.clock.advance(500);
    for (rig.accepted = 1; rig.accepted < 100; rig.accepted += 1) reporter.wake();
    rig.clock.advance(10);
    assert.deepEqual(rig.calls[0]?.totals, ['0', '100']);
  });

  it('bounds how often a storm is reported', async () => {
    const reporter = await rig.start('a');
    rig.observed = 0;
    for (let ms = 0; ms < 1_000; ms += 1) {
      rig.accepted += 1;
      reporter.wake();
      rig.clock.advance(1);
    }
    assert.ok(rig.observed <= 22, `${rig.observed} observations in a second`);
    assert.ok(rig.observed >= 10);
  });

  it('takes its time where an observation takes long, so that health checks get theirs', async () => {
    rig.observeTakesMs = 400;
    await rig.start('a');
    rig.observed = 0;
    rig.clock.advance(1_000);
    assert.equal(rig.observed, 1);
    // A fifth of the time from report to report, of which the observation itself was 400 ms.
    rig.clock.advance(1_599);
    assert.equal(rig.observed, 1);
    rig.clock.advance(1);
    assert.equal(rig.observed, 2);
  });

  it('sends one message with the newest of everything to a replica that did not take any for a while', async () => {
    await rig.start('a');
    const [call] = rig.calls;
    assert.ok(call);
    call.takes = false;
    rig.accepted = 1;
    rig.clock.advance(1_000);
    for (rig.accepted = 2; rig.accepted < 10; rig.accepted += 1) rig.clock.advance(1_000);
    assert.deepEqual(call.totals, ['0', '1']);
    call.takes = true;
    call.emit('drain');
    assert.deepEqual(call.totals, ['0', '1', '9']);
  });

  it('connects again with backoff, and tells everything again', async () => {
    await rig.start('a');
    rig.calls[0]?.emit('error', new Error('gone'));
    assert.deepEqual(rig.heard, [['a', null]]);
    assert.equal(rig.calls.length, 1);
    rig.reachable = false;
    await rig.clock.advanceSettling(5_000);
    assert.equal(rig.calls.length, 1);
    rig.reachable = true;
    await rig.clock.advanceSettling(2_000);
    assert.equal(rig.calls.length, 2);
    assert.equal(rig.calls[1]?.sent[0]?.proxy?.id, 'p1');
    rig.calls[0]?.emit('data', { position: null, storeAgeMs: '0', stopping: false });
    assert.deepEqual(rig.heard, [['a', null]], 'a stream that is lost says nothing more');
  });

  it('passes on what a replica says of itself', async () => {
    await rig.start('a');
    const wire = { storeId: 'store', version: '3', revision: '3', hash: 'commit-3', replaces: [] };
    rig.calls[0]?.emit('data', { position: wire, storeAgeMs: '250', stopping: true });
    assert.deepEqual(rig.heard, [['a', { position: position(3), storeAgeMs: 250, stopping: true }]]);
  });

  it('sends what is left and that it stops, and ends the stream', async () => {
    const reporter = await rig.start('a');
    rig.accepted = 7;
    const stopped = reporter.stop();
    const [call] = rig.calls;
    assert.ok(call?.ended);
    assert.deepEqual(call.totals, ['0', '7']);
    assert.equal(call.sent.at(-1)?.stopping, true);
    call.emit('end');
    await stopped;
    assert.equal(rig.clock.pending, 0);
  });

  it('does not wait for ever for a replica that does not end the stream', async () => {
    const reporter = await rig.start('a');
    let done = false;
    const stopped = reporter.stop().then(() => {
      done = true;
    });
    await rig.clock.advanceSettling(999);
    assert.equal(done, false);
    await rig.clock.advanceSettling(1);
    await stopped;
    assert.ok(rig.calls[0]?.cancelled);
  });

  it('stops at once while no replica is connected, and never connects again', async () => {
    rig.reachable = false;
    const reporter = await rig.start('a');
    await reporter.stop();
    rig.reachable = true;
    await rig.clock.advanceSettling(10_000);
    assert.equal(rig.calls.length, 0);
  });
});
