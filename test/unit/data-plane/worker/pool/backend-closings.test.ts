import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DirectoryBackend } from '../../../../../data-plane/plan/plan-directory.ts';
import { BackendClosings } from '../../../../../data-plane/worker/pool/backend-closings.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';

/** All that a deadline needs to know of a backend. */
function backend(row: number, generation = 1): DirectoryBackend {
  return { row, generation } as DirectoryBackend;
}

/** `open`: how many connections each backend has. */
function benchOf(open = 1) {
  const clock = new FakeClock();
  const closed: string[] = [];
  /** When each part was closed, and what share was left open after it. */
  const parts: { readonly atMs: number; readonly left: number }[] = [];
  const closings = new BackendClosings({
    clock,
    shared: { open: new Int32Array(10).fill(open) },
    pool: {
      closeBackend(row, generation, reason, share) {
        parts.push({ atMs: clock.nowMs(), left: (parts.at(-1)?.left ?? 1) * (1 - share) });
        if (share === 1) closed.push(`${row}:${generation} ${reason}`);
      },
    },
  });
  const retire = (drainTimeoutMs: number, ...backends: DirectoryBackend[]): void =>
    closings.update({
      activated: [],
      retired: backends.map((each) => ({ backend: each, drainTimeoutMs })),
    });
  return { clock, closed, parts, closings, retire };
}

describe('a drain deadline', () => {
  it('closes what is left of a backend when its drain timeout has passed', () => {
    const { clock, closed, retire } = benchOf();
    retire(5_000, backend(1), backend(2, 7));
    clock.advance(4_999);
    assert.deepEqual(closed, []);
    clock.advance(1);
    assert.deepEqual(closed, ['1:1 drain_deadline', '2:7 drain_deadline']);
  });

  for (const [timeoutMs, open, steps] of [
    [300_000, 1_000, 50],
    [300_000, 7, 7],
    [1_000, 1_000, 10],
    [1, 1_000, 1],
  ] as const) {
    it(`of ${timeoutMs} ms closes ${open} connections in ${steps} equal parts, in its last fifth`, () => {
      const { clock, closed, parts, retire } = benchOf(open);
      retire(timeoutMs, backend(1));
      // Timers of less than a millisecond make a deadline of 1 ms later than it is.
      clock.advance(Math.max(timeoutMs, 20));
      assert.deepEqual([parts.length, closed.length], [steps, 1]);
      for (const [index, { atMs, left }] of parts.entries()) {
        const passed = (index + 1) / steps;
        assert.ok(Math.abs(left - (1 - passed)) < 1e-9, `${left} is left after part ${index + 1}`);
        const dueMs = timeoutMs * (0.8 + 0.2 * passed);
        if (timeoutMs > 1)
          assert.ok(Math.abs(atMs - dueMs) <= timeoutMs / 250, `at ${atMs} ms, not ${dueMs}`);
      }
    });
  }

  it('that has begun to close ends when the backend is active again', () => {
    const { clock, closed, parts, closings, retire } = benchOf(1_000);
    retire(5_000, backend(1));
    clock.advance(4_500);
    const begun = parts.length;
    assert.ok(begun > 0);
    closings.update({ activated: [backend(1)], retired: [] });
    clock.advance(10_000);
    assert.deepEqual([parts.length, closed, clock.pending], [begun, [], 0]);
  });

  it('is not set for a timeout of 0', () => {
    const { clock, retire } = benchOf();
    retire(0, backend(1));
    assert.equal(clock.pending, 0);
  });

  it('is void when the backend is active again', () => {
    const { clock, closed, closings, retire } = benchOf();
    retire(5_000, backend(1), backend(2));
    closings.update({ activated: [backend(1)], retired: [] });
    clock.advance(10_000);
    assert.deepEqual(closed, ['2:1 drain_deadline']);
  });

  it('means one owner of a row, not the next', () => {
    const { clock, closed, closings, retire } = benchOf();
    retire(5_000, backend(1, 1));
    closings.update({ activated: [backend(1, 2)], retired: [] });
    clock.advance(5_000);
    assert.deepEqual(closed, ['1:1 drain_deadline']);
  });

  it('may lie further off than one timer can hold', () => {
    const { clock, closed, retire } = benchOf();
    retire(5_000_000_000, backend(1));
    clock.advance(4_999_999_999);
    assert.deepEqual(closed, []);
    clock.advance(1);
    assert.deepEqual(closed, ['1:1 drain_deadline']);
  });

  for (const [when, ranMs, givenMs] of [
    ['at once', 0, 400],
    ['in between', 2_700, 400],
    ['just before the end', 4_999, 19],
  ] as const) {
    it(`does not count a time in which the process stood still, ${when}`, () => {
      const { clock, closed, retire } = benchOf();
      retire(5_000, backend(1));
      clock.advance(ranMs);
      clock.stall(60_000);
      clock.advance(givenMs);
      assert.deepEqual(closed, [], 'the connections get some time after the pause');
      clock.advance(5_500);
      assert.deepEqual(closed, ['1:1 drain_deadline']);
    });
  }

  it('comes though the process stands still again and again', () => {
    const { clock, closed, retire } = benchOf();
    retire(5_000, backend(1));
    for (let step = 0; step < 120; step++) {
      clock.stall(60_000);
      clock.advance(0);
    }
    assert.deepEqual(closed, ['1:1 drain_deadline']);
  });

  it('is dropped when the proxy stops', () => {
    const { clock, closings, retire } = benchOf();
    retire(5_000, backend(1));
    closings.stop();
    assert.equal(clock.pending, 0);
  });
});
