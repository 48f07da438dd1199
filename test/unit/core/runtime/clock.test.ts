import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../../core/runtime/clock.ts';

describe('the clock of the system', () => {
  it('says the same in every thread, whenever that was started', async () => {
    const url = new URL('../../../../core/runtime/clock.js', import.meta.url).href;
    const program = `import(${JSON.stringify(url)}).then(({ systemClock }) =>
      require('worker_threads').parentPort.postMessage(systemClock.nowMs()))`;
    const before = systemClock.nowMs();
    const [there] = (await once(new Worker(program, { eval: true }), 'message')) as [number];
    const after = systemClock.nowMs();
    // The origins of two threads are measured, each a few microseconds late.
    assert.ok(before - 1 < there && there < after + 1, `${before} < ${there} < ${after}`);
  });
});
