import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionLog } from '../../../../data-plane/telemetry/connection-log.ts';
import type { LineSink } from '../../../../core/runtime/line-sink.ts';
import { createLogRing, LogRing } from '../../../../data-plane/memory/log-ring.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

describe('the connection log', () => {
  it('lets the event loop go on between its slices, however late its looks are', async () => {
    const clock = new FakeClock();
    const ring = createLogRing();
    const worker = new LogRing(ring);
    for (let record = 0; record < 4_000; record += 1) {
      assert.notEqual(worker.begin(), -1);
      worker.commit();
    }
    let lines = 0;
    const sink = { write: () => (lines += 1), end: async () => undefined } as unknown as LineSink;
    const log = new ConnectionLog({ rings: [ring], sink, proxy: 'p1', instance: 'abc', clock });
    clock.advance(20);
    const slice = lines;
    assert.ok(slice > 0 && slice < 4_000 / 4, `${slice} at once`);
    clock.advance(100);
    assert.equal(lines, slice, 'looks that come together take no more than one');
    for (let turn = 2; lines < 4_000; turn += 1) {
      await new Promise(setImmediate);
      assert.equal(lines, Math.min(turn * slice, 4_000));
    }
    worker.begin();
    worker.commit();
    await new Promise(setImmediate);
    clock.advance(20);
    assert.equal(lines, 4_001, 'and it looks again');
    await log.stop();
  });
});
