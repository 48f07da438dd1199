import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DirectoryBackend } from '../../../../../data-plane/plan/plan-directory.ts';
import { DrainDeadlines } from '../../../../../data-plane/worker/pool/drain-deadlines.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';

/** All that a deadline needs to know of a backend. */
function backend(row: number, generation = 1): DirectoryBackend {
  return { row, generation } as DirectoryBackend;
}

function benchOf() {
  const clock = new FakeClock();
  const closed: string[] = [];
  const deadlines = new DrainDeadlines(clock, {
    closeBackend: (row, generation, reason) => closed.push(`${row}:${generation} ${reason}`),
  });
  const retire = (drainTimeoutMs: number, ...backends: DirectoryBackend[]): void =>
    deadlines.update({
      activated: [],
      retired: backends.map((each) => ({ backend: each, drainTimeoutMs })),
    });
  return { clock, closed, deadlines, retire };
}

describe('drain deadlines', () => {
  it('close what is left of a backend when its drain timeout has passed', () => {
    const { clock, closed, retire } = benchOf();
    retire(5_000, backend(1), backend(2, 7));
    clock.advance(4_999);
    assert.deepEqual(closed, []);
    clock.advance(1);
    assert.deepEqual(closed, ['1:1 drain_deadline', '2:7 drain_deadline']);
  });

  it('set none for a timeout of 0', () => {
    const { clock, retire } = benchOf();
    retire(0, backend(1));
    assert.equal(clock.pending, 0);
  });

  it('are void when the backend is active again', () => {
    const { clock, closed, deadlines, retire } = benchOf();
    retire(5_000, backend(1), backend(2));
    deadlines.update({ activated: [backend(1)], retired: [] });
    clock.advance(10_000);
    assert.deepEqual(closed, ['2:1 drain_deadline']);
  });

  it('mean one owner of a row, not the next', () => {
    const { clock, closed, deadlines, retire } = benchOf();
    retire(5_000, backend(1, 1));
    deadlines.update({ activated: [backend(1, 2)], retired: [] });
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

  for (const [when, ranMs] of [
    ['at once', 0],
    ['in between', 2_700],
    ['just before the end', 4_999],
  ] as const) {
    it(`do not count a time in which the process stood still, ${when}`, () => {
      const { clock, closed, retire } = benchOf();
      retire(5_000, backend(1));
      clock.advance(ranMs);
      clock.stall(60_000);
      clock.advance(400);
      assert.deepEqual(closed, [], 'the connections get some time after the pause');
      clock.advance(5_500);
      assert.deepEqual(closed, ['1:1 drain_deadline']);
    });
  }

  it('come to their end though the process stands still again and again', () => {
    const { clock, closed, retire } = benchOf();
    retire(5_000, backend(1));
    for (let step = 0; step < 20; step++) {
      clock.stall(60_000);
      clock.advance(0);
    }
    assert.deepEqual(closed, ['1:1 drain_deadline']);
  });

  it('are dropped when the proxy stops', () => {
    const { clock, deadlines, retire } = benchOf();
    retire(5_000, backend(1));
    deadlines.stop();
    assert.equal(clock.pending, 0);
  });
});
