import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ReporterRig } from '../../../../harness/proxy/reporter-rig.ts';

describe('a report of many backends', () => {
  let rig: ReporterRig;

  beforeEach(() => {
    rig = new ReporterRig();
  });

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
