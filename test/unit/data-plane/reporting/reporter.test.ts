import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ReporterRig } from '../../../../harness/proxy/reporter-rig.ts';
import { position } from '../../../../harness/snapshots.ts';

let rig: ReporterRig;
beforeEach(() => {
  rig = new ReporterRig();
});

describe('the reporter', () => {
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
    const heard = rig.heard.length;
    rig.calls[0]?.emit('data', { position: null, storeAgeMs: '0', stopping: false, sameId: [] });
    assert.equal(rig.heard.length, heard, 'a stream that is lost says nothing more');
  });

  it('has one stream to a replica that two addresses lead to, and the other one as soon as that is lost', async () => {
    rig.replicaIds.set('a', 'r1').set('b', 'r1').set('c', 'r2');
    await rig.start('a', 'b', 'c');
    const introduced = () => rig.calls.map(({ sent }) => sent.length > 0);
    assert.deepEqual(introduced(), [true, false, true]);
    await rig.clock.advanceSettling(10_000);
    assert.deepEqual(introduced(), [true, false, true, false], 'it looks again whether b leads elsewhere');
    rig.calls[0]?.emit('error', new Error('gone'));
    await rig.clock.advanceSettling(0);
    assert.deepEqual(introduced(), [true, false, true, false, true]);
    rig.replicaIds.set('a', 'r3');
    await rig.clock.advanceSettling(10_000);
    assert.deepEqual(introduced().slice(5), [true], 'a leads to a third replica now');
  });

  it('keeps nothing that an address without a stream of its own said of a replica that is gone', async () => {
    rig.replicaIds.set('a', 'r1').set('b', 'r1');
    await rig.start('a', 'b');
    rig.reachable = false;
    rig.calls[0]?.emit('error', new Error('gone'));
    await rig.clock.advanceSettling(0);
    assert.deepEqual(rig.heard, [
      ['a', null],
      ['b', null],
    ]);
  });

  it('says in its log which other process has its id, and when it is over', async () => {
    await rig.start('a');
    const say = (...sameId: readonly object[]) =>
      rig.calls[0]?.emit('data', { position: null, storeAgeMs: '0', stopping: false, sameId });
    const other = { instanceId: 'x', peerAddress: '10.0.0.9:4711', adminAddress: '127.0.0.1:7100' };
    for (const sameId of [[], [other], [other], []]) say(...sameId);
    assert.deepEqual(rig.logged, [
      'warn another process reports under this --proxy-id; give each process its own, or stop one',
      'info no other process reports under this --proxy-id any more',
    ]);
  });

  it('passes on what a replica says of itself', async () => {
    await rig.start('a');
    const wire = { storeId: 'store', version: '3', revision: '3', hash: 'commit-3', replaces: [] };
    rig.calls[0]?.emit('data', {
      position: wire,
      storeAgeMs: '250',
      stopping: true,
      sameId: [],
      fleetBackends: ['10.0.0.9:80'],
    });
    assert.deepEqual(rig.heard, [
      ['a', { position: position(3), storeAgeMs: 250, stopping: true, fleetBackends: ['10.0.0.9:80'] }],
    ]);
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

describe('a report of many backends', () => {
  it('takes its time where the messages of a report take long', async () => {
    rig.backends = 500;
    await rig.start('a', 'b');
    rig.messageTakesMs = 100;
    rig.observed = 0;
    rig.accepted = 1;
    // Two messages to each of two.
    rig.clock.advance(1_000);
    assert.deepEqual([rig.observed, rig.busyMs], [1, 400]);
    rig.clock.advance(1_599);
    assert.equal(rig.observed, 1);
    rig.clock.advance(1);
    assert.equal(rig.observed, 2);
  });

  it('encodes once what several replicas are told', async () => {
    rig.backends = 600;
    await rig.start('a', 'b', 'c');
    // Whoever came when is told the same from the second report on: all of them know the first one then.
    for (rig.accepted = 1; rig.accepted <= 3; rig.accepted += 1) rig.clock.advance(1_000);
    const [first, ...others] = rig.calls.map(({ bytes }) => bytes.slice(-6));
    assert.ok(first);
    for (const other of others) assert.deepEqual(other, first);
    for (const [index, bytes] of first.entries()) {
      for (const other of others) assert.ok(other[index] === bytes, 'the same bytes, not a copy of them');
    }
  });

  it('sends a large report a message a turn of the event loop', async () => {
    rig.backends = 600;
    const reporter = await rig.start('a');
    rig.clock.advance(995);
    rig.accepted = 1;
    // Falls due with the report of each second: there is more to say before the first message was followed by another.
    reporter.wake();
    rig.clock.advance(5);
    assert.deepEqual(rig.calls[0]?.backends, [250, 250, 100, 250, 250, 100]);
    assert.equal(new Set(rig.turnsOfMessages).size, 6);
  });

  it('goes on with a report where a replica stopped to take it, and only then with what came since', async () => {
    rig.backends = 600;
    await rig.start('a', 'b');
    const [slow, quick] = rig.calls;
    assert.ok(slow);
    slow.takes = false;
    for (rig.accepted = 1; rig.accepted <= 3; rig.accepted += 1) rig.clock.advance(1_000);
    assert.deepEqual(slow.backends, [250, 250, 100, 250]);
    assert.deepEqual(quick?.totals, ['0', '1', '2', '3']);
    slow.takes = true;
    slow.emit('drain');
    rig.clock.advance(0);
    assert.deepEqual(slow.backends, [250, 250, 100, 250, 250, 100, 250, 250, 100]);
    assert.deepEqual(slow.totals, ['0', '1', '3']);
    // They are at the same again.
    rig.clock.advance(1_000);
    assert.ok(slow.bytes.at(-1) === quick?.bytes.at(-1));
  });

  it('begins anew after a stream was lost in the middle of a report', async () => {
    rig.backends = 600;
    await rig.start('a');
    const [lost] = rig.calls;
    assert.ok(lost);
    lost.takes = false;
    rig.accepted = 1;
    rig.clock.advance(1_000);
    lost.emit('error', new Error('gone'));
    await rig.clock.advanceSettling(2_000);
    assert.deepEqual(lost.backends, [250, 250, 100, 250]);
    assert.deepEqual(rig.calls[1]?.backends, [250, 250, 100]);
    assert.equal(rig.calls[1]?.sent[0]?.proxy?.id, 'p1');
  });

  it('sends all messages of the last report before it says that it stops', async () => {
    rig.backends = 600;
    const reporter = await rig.start('a');
    rig.accepted = 1;
    const stopped = reporter.stop();
    assert.deepEqual(rig.calls[0]?.backends, [250, 250, 100, 250, 250, 100, 0]);
    assert.equal(rig.calls[0]?.sent.at(-1)?.stopping, true);
    rig.calls[0]?.emit('end');
    await stopped;
    assert.equal(rig.clock.pending, 0);
  });
});
