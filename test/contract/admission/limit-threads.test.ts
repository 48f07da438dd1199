import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  createBuffers,
  sharedCells,
  SOURCE_WAYS,
  workerCells,
} from '../../../data-plane/memory/shared-memory.ts';
import { byRunLength } from '../../../harness/run-length.ts';
import type { LimitHammer } from '../../../harness/worker/limit-thread.ts';

const THREADS = 4;
const MOST = 1;
const SOURCES = 10;
const OPEN = 0x1f_ffff;

describe('the table of limits, used by several threads at once', () => {
  it('never exceeds a limit, gives every place out, and holds nothing in the end, while entries are taken over', async () => {
    const buffers = createBuffers(THREADS);
    const cells = (count: number) => new Int32Array(new SharedArrayBuffer(count * 4));
    const hammer: Omit<LimitHammer, 'worker'> = {
      buffers,
      rounds: byRunLength(200_000, 10_000_000),
      open: cells(SOURCES),
      // Fewer entries than sources: many connections take one over.
      buckets: 1,
      most: MOST,
      gate: cells(2),
      threads: THREADS,
    };
    const results = await Promise.all(
      Array.from({ length: THREADS }, async (_, worker) => {
        const url = new URL('../../../harness/worker/limit-thread.js', import.meta.url);
        const thread = new Worker(url, { workerData: { ...hammer, worker } });
        const [result] = (await once(thread, 'message')) as [{ problems: string[]; places: number }];
        return result;
      }),
    );
    assert.deepEqual(
      results.flatMap(({ problems }) => problems),
      [],
    );
    assert.equal(
      results.reduce((sum, { places }) => sum + places, 0),
      MOST,
    );
    // What is left is what was held at the end.
    const { limitOpen, sourceBuckets } = sharedCells(buffers);
    const entries = [...limitOpen.subarray(0, SOURCE_WAYS)].map((open) => open & OPEN);
    const own = Array.from({ length: THREADS }, (_, worker) => workerCells(buffers, worker).limitOpen);
    assert.deepEqual(
      entries,
      entries.map((_, entry) => own.reduce((sum, shares) => sum + (shares[entry] ?? 0), 0)),
    );
    assert.deepEqual(
      entries.filter((open) => open > 0),
      [MOST],
    );
    assert.ok(
      sourceBuckets.subarray(1).every((word) => word === 0),
      'only one bucket is used',
    );
  });
});
