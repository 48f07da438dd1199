import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Health, Policy } from '../../../../../core/model/resources.ts';
import { HEALTH } from '../../../../../data-plane/memory/shared-memory.ts';
import type { DirectoryBackend, DirectoryPool } from '../../../../../data-plane/plan/plan-directory.ts';
import { BackendClosings } from '../../../../../data-plane/worker/pool/backend-closings.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';

/** All that a closing needs to know of a backend. */
function backend(row: number, generation = 1, tier = 0): DirectoryBackend {
  const known = { row, generation, address: `10.0.0.${row}:80`, tier, weight: 1, state: 'active' };
  return { ...known, leadsBack: null } as unknown as DirectoryBackend;
}

/** `open`: how many connections each backend has; `earlyMs`: by how much timers fire too early. */
function benchOf(open = 1, earlyMs = 0) {
  const clock = new FakeClock();
  const health = new Int32Array(10);
  const closed: string[] = [];
  /** When each part was closed, and what share was left open after it. */
  const parts: { readonly atMs: number; readonly left: number }[] = [];
  const closings = new BackendClosings({
    clock: {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs(),
      after: (ms, action) => clock.after(ms - earlyMs, action),
    },
    shared: { open: new Int32Array(10).fill(open), health },
    pool: {
      closeBackend(row, generation, reason, share) {
        parts.push({ atMs: clock.nowMs(), left: (parts.at(-1)?.left ?? 1) * (1 - share) });
        if (share === 1) closed.push(`${row}:${generation} ${reason}`);
      },
    },
  });
  const retire = (drainTimeoutMs: number, ...backends: DirectoryBackend[]): void =>
    closings.update(
      { activated: [], retired: backends.map((each) => ({ backend: each, drainTimeoutMs })) },
      { pools: [] },
    );
  const activate = (each: DirectoryBackend): void =>
    closings.update({ activated: [each], retired: [] }, { pools: [] });
  /** The pool `db` of these backends, all of them healthy. */
  const serve = (onUnhealthy: 'keep' | 'close', ...backends: DirectoryBackend[]): void => {
    const pool = { name: 'db', policy: { onUnhealthy } as Policy, backends } as unknown as DirectoryPool;
    closings.update({ activated: [], retired: [] }, { pools: [pool] });
    for (const { row } of backends) health[row] = HEALTH.healthy;
  };
  const turn = ({ row, address }: DirectoryBackend, to: Health): void => {
    health[row] = HEALTH[to];
    closings.healthChanged('db', address, to);
  };
  return { clock, closed, parts, closings, retire, activate, serve, turn };
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
    const { clock, closed, parts, activate, retire } = benchOf(1_000);
    retire(5_000, backend(1));
    clock.advance(4_500);
    const begun = parts.length;
    assert.ok(begun > 0);
    activate(backend(1));
    clock.advance(10_000);
    assert.deepEqual([parts.length, closed, clock.pending], [begun, [], 0]);
  });

  it('is not set for a timeout of 0', () => {
    const { clock, retire } = benchOf();
    retire(0, backend(1));
    assert.equal(clock.pending, 0);
  });

  it('is void when the backend is active again', () => {
    const { clock, closed, activate, retire } = benchOf();
    retire(5_000, backend(1), backend(2));
    activate(backend(1));
    clock.advance(10_000);
    assert.deepEqual(closed, ['2:1 drain_deadline']);
  });

  it('means one owner of a row, not the next', () => {
    const { clock, closed, activate, retire } = benchOf();
    retire(5_000, backend(1, 1));
    activate(backend(1, 2));
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

describe('a backend whose checks failed', () => {
  const [first, second, third] = [backend(1), backend(2), backend(3)];

  it('loses all its connections within a second, in equal parts, when others share the load', () => {
    const { clock, closed, parts, serve, turn } = benchOf(1_000);
    serve('close', first, second, third);
    turn(first, 'unhealthy');
    assert.deepEqual(parts, []);
    clock.advance(500);
    assert.equal(parts.length, 25);
    clock.advance(500);
    assert.deepEqual([parts.length, closed], [50, ['1:1 backend_down']]);
  });

  it('loses them in little more than a second on a busy machine too', () => {
    const { clock, closed, serve, turn } = benchOf(1_000);
    serve('close', first, second, third);
    turn(first, 'unhealthy');
    for (let late = 0; late < 25; late++) {
      clock.stall(50);
      clock.advance(0);
    }
    assert.deepEqual(closed, ['1:1 backend_down']);
  });

  it('loses them in a second though each timer fires a little early', () => {
    const { clock, closed, serve, turn } = benchOf(1_000, 0.5);
    serve('close', first, second, third);
    turn(first, 'unhealthy');
    clock.advance(1_000);
    assert.deepEqual(closed, ['1:1 backend_down']);
  });

  for (const [what, others] of [
    ['no other is healthy', []],
    ['one other serves', [second]],
    ['one other serves, and those that are healthy are of later tiers', [second, backend(3, 1, 1)]],
  ] as const) {
    it(`loses them at once when ${what}`, () => {
      const { clock, closed, serve, turn } = benchOf(1_000);
      serve('close', first, ...others);
      turn(first, 'unhealthy');
      assert.deepEqual([closed, clock.pending], [['1:1 backend_down'], 0]);
    });
  }

  it('keeps the rest, and what came since, when it is healthy again', () => {
    const { clock, parts, serve, turn } = benchOf(1_000);
    serve('close', first, second, third);
    turn(first, 'unhealthy');
    clock.advance(100);
    turn(first, 'healthy');
    clock.advance(10_000);
    assert.equal(parts.length, 5);
  });

  it('loses them though it was ejected before, and none for the ejection', () => {
    const { closed, serve, turn } = benchOf();
    serve('close', first, second);
    turn(first, 'ejected');
    assert.deepEqual(closed, []);
    turn(first, 'unhealthy');
    assert.deepEqual(closed, ['1:1 backend_down']);
  });

  it('keeps them when no check failed, but it was found to lead back to a listener', () => {
    const { clock, closed, serve, turn } = benchOf();
    serve('close', { ...first, leadsBack: 'it is a listener of this proxy' });
    turn(first, 'unhealthy');
    assert.deepEqual([closed, clock.pending], [[], 0]);
  });

  it('keeps them unless the policy says otherwise', () => {
    const { clock, closed, serve, turn } = benchOf();
    serve('keep', first, second);
    turn(first, 'unhealthy');
    assert.deepEqual([closed, clock.pending], [[], 0]);
  });
});
