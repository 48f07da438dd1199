import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { createLogRing, FIELD, LOG_FIELDS, LogRing } from '../../../../data-plane/memory/log-ring.ts';
import { byRunLength } from '../../../../harness/run-length.ts';

/** Pushes a record whose every field is this number. */
function push(ring: LogRing, value: number): boolean {
  const at = ring.begin();
  if (at < 0) return false;
  ring.cells.fill(value, at, at + LOG_FIELDS.length);
  ring.commit();
  return true;
}

function take(ring: LogRing, most: number): number[] {
  const values: number[] = [];
  ring.take(most, (cells, at) => {
    const record = cells.subarray(at, at + LOG_FIELDS.length);
    assert.ok(record.every((value) => value === record[0]));
    values.push(record[FIELD.id] ?? Number.NaN);
  });
  return values;
}

describe('the ring of the connection log', () => {
  it('hands every record over once, in order, and drops only what finds it full', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('push'), count: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ type: fc.constant('take'), count: fc.integer({ min: 0, max: 12 }) }),
      // Another worker goes on with the memory of the first.
      fc.record({ type: fc.constant('restart'), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = createLogRing(8);
        const reader = new LogRing(memory);
        let writer = new LogRing(memory);
        const expected: number[] = [];
        let next = 0;
        let dropped = 0;
        for (const { type, count } of steps) {
          if (type === 'restart') writer = new LogRing(memory);
          else if (type === 'take') assert.deepEqual(take(reader, count), expected.splice(0, count));
          else
            for (let each = 0; each < count; each += 1) {
              next += 1;
              if (expected.length < 8) expected.push(next);
              else dropped += 1;
              assert.equal(push(writer, next), expected.at(-1) === next);
            }
        }
        assert.deepEqual(take(reader, 99), expected);
        assert.equal(reader.dropped, dropped);
      }),
    );
  });

  it('goes on where the counts wrap around', () => {
    const memory = createLogRing(4);
    new Int32Array(memory, 0, 2).fill(0x7fff_fffe);
    const ring = new LogRing(memory);
    for (let value = 1; value <= 20; value += 1) {
      assert.equal(push(ring, value), true);
      if (value % 3 === 0) assert.deepEqual(take(ring, 9), [value - 2, value - 1, value]);
    }
  });

  it('numbers connections on when a worker is replaced', () => {
    const memory = createLogRing(4);
    assert.deepEqual([new LogRing(memory).nextId(), new LogRing(memory).nextId()], [1, 2]);
  });

  it('loses and tears nothing between two threads', async () => {
    const memory = createLogRing(16);
    const total = byRunLength(20_000, 1_000_000);
    const program = `
      import { workerData } from 'node:worker_threads';
      const { LogRing, LOG_FIELDS } = await import(workerData.url);
      const ring = new LogRing(workerData.memory);
      for (let value = 1; value <= ${total};) {
        const at = ring.begin();
        if (at < 0) continue;
        ring.cells.fill(value, at, at + LOG_FIELDS.length);
        ring.commit();
        value += 1;
      }`;
    const url = new URL('../../../../data-plane/memory/log-ring.js', import.meta.url).href;
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
      workerData: { memory, url },
    });
    const ring = new LogRing(memory);
    let seen = 0;
    let failure: unknown = null;
    thread.on('error', (error) => (failure = error));
    while (seen < total && failure === null) {
      for (const value of take(ring, 5)) assert.equal(value, (seen += 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(failure, null);
    await thread.terminate();
  });
});
