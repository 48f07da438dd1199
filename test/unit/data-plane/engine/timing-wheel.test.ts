import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TimingWheel } from '../../../../data-plane/engine/timing-wheel.ts';

const TICK_MS = 10;

/** What a wheel must do, done the slow way. */
class NaiveWheel {
  readonly #deadlines = new Map<number, number>();
  #tick: number;

  constructor(nowMs: number) {
    this.#tick = Math.floor(nowMs / TICK_MS);
  }

  set(id: number, deadlineMs: number): void {
    this.#deadlines.set(id, Math.max(Math.ceil(deadlineMs / TICK_MS), this.#tick + 1));
  }

  cancel(id: number): void {
    this.#deadlines.delete(id);
  }

  /** Ids and the tick each expires at, in order of both. */
  advance(nowMs: number): string[] {
    this.#tick = Math.max(this.#tick, Math.floor(nowMs / TICK_MS));
    const due = [...this.#deadlines].filter(([, tick]) => tick <= this.#tick);
    for (const [id] of due) this.#deadlines.delete(id);
    return due.map(([id]) => `${id}`).sort((a, b) => Number(a) - Number(b));
  }

  get count(): number {
    return this.#deadlines.size;
  }

  get earliestMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#deadlines.values()) * TICK_MS;
  }
}

type Step =
  | { readonly type: 'set'; readonly id: number; readonly inMs: number }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'advance'; readonly byMs: number };

const delay = fc.oneof(
  fc.integer({ min: -50, max: 300 }),
  fc.integer({ min: 0, max: 10_000 }),
  // Around the borders of the levels: 256 and 65,536 ticks.
  fc.integer({ min: 2_500, max: 2_620 }),
  fc.integer({ min: 655_300, max: 655_420 }),
  fc.integer({ min: 0, max: 4_000_000 }),
);
const id = fc.integer({ min: 0, max: 20 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('set' as const), id, inMs: delay }),
  fc.record({ type: fc.constant('cancel' as const), id }),
  fc.record({ type: fc.constant('advance' as const), byMs: fc.integer({ min: 0, max: 3_000 }) }),
  fc.record({ type: fc.constant('advance' as const), byMs: fc.integer({ min: 0, max: 900_000 }) }),
);

function expired(wheel: TimingWheel, nowMs: number): string[] {
  const ids: number[] = [];
  wheel.advance(nowMs, (id) => ids.push(id));
  return ids.sort((a, b) => a - b).map(String);
}

describe('the timing wheel', () => {
  it('does what a plain list of deadlines does, whatever is set, moved and cancelled', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.array(step, { maxLength: 60 }),
        (startMs, steps) => {
          let nowMs = startMs;
          const wheel = new TimingWheel(TICK_MS, nowMs, 4);
          const naive = new NaiveWheel(nowMs);
          for (const each of steps) {
            if (each.type === 'set') {
              wheel.set(each.id, nowMs + each.inMs);
              naive.set(each.id, nowMs + each.inMs);
            } else if (each.type === 'cancel') {
              wheel.cancel(each.id);
              naive.cancel(each.id);
            } else {
              nowMs += each.byMs;
              assert.deepEqual(expired(wheel, nowMs), naive.advance(nowMs));
            }
            assert.equal(wheel.count, naive.count);
            assert.ok(wheel.nextMs() <= naive.earliestMs, 'it must wake before anything is due');
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never expires before the deadline, and at most one tick after it', () => {
    fc.assert(
      fc.property(delay, (inMs) => {
        const wheel = new TimingWheel(TICK_MS, 0);
        wheel.set(0, inMs);
        assert.deepEqual(expired(wheel, Math.max(0, inMs - 0.5)), []);
        assert.deepEqual(expired(wheel, Math.max(0, inMs) + TICK_MS), ['0']);
      }),
    );
  });

  it('reaches every deadline by sleeping until nextMs, in few steps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 200_000_000 }), { minLength: 1, maxLength: 5 }),
        (deadlines) => {
          const wheel = new TimingWheel(TICK_MS, 0);
          for (const [id, deadline] of deadlines.entries()) wheel.set(id, deadline);
          let steps = 0;
          while (wheel.count > 0) {
            const nowMs = wheel.nextMs();
            wheel.advance(nowMs, (id) => {
              const deadline = deadlines[id] ?? 0;
              assert.ok(
                nowMs >= deadline && nowMs < deadline + TICK_MS,
                `${id} was due at ${deadline}, not ${nowMs}`,
              );
            });
            steps += 1;
          }
          assert.ok(steps <= 4 * deadlines.length, `${steps} steps for ${deadlines.length} timers`);
        },
      ),
    );
  });

  it('lets an expiry set and cancel other timers', () => {
    const wheel = new TimingWheel(TICK_MS, 0);
    for (const id of [0, 1, 2]) wheel.set(id, 10);
    const seen: number[] = [];
    wheel.advance(10, (id) => {
      seen.push(id);
      for (const other of [0, 1, 2]) wheel.cancel(other);
      wheel.set(id, 15);
    });
    assert.equal(seen.length, 1);
    assert.equal(wheel.count, 1);
    assert.deepEqual(expired(wheel, 20), seen.map(String));
  });

  it('has nothing to wake for when no timer is set', () => {
    const wheel = new TimingWheel(TICK_MS, 0);
    assert.equal(wheel.nextMs(), Number.POSITIVE_INFINITY);
    wheel.set(3, 100);
    wheel.cancel(3);
    wheel.cancel(99);
    assert.equal(wheel.nextMs(), Number.POSITIVE_INFINITY);
  });

  it('holds a deadline beyond its horizon for as long as it takes', () => {
    const yearsMs = 2 * 400 * 24 * 3_600_000;
    const wheel = new TimingWheel(TICK_MS, 0);
    wheel.set(0, yearsMs);
    const seenAtMs: number[] = [];
    for (let step = 0; step < 20 && wheel.count > 0; step++) {
      const nowMs = wheel.nextMs();
      wheel.advance(nowMs, () => seenAtMs.push(nowMs));
    }
    assert.deepEqual(seenAtMs, [yearsMs]);
  });
});
