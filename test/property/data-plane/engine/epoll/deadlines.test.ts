/** Deadlines, on their timing wheel, against a plain map of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../../../../../data-plane/engine/epoll/deadlines.ts';

const TICK_MS = 10;
const SLOTS = 8;

/** A few that meet often, and some beyond the capacity that the wheel starts with. */
const slot = fc.oneof(fc.nat(SLOTS - 1), fc.nat(200));
/** Quarters of milliseconds: clocks are not whole. */
const quarters = (min: number, max: number) => fc.integer({ min: 4 * min, max: 4 * max }).map((n) => n / 4);
const delay = fc.oneof(
  quarters(-50, 300),
  quarters(0, 10_000),
  // Around the borders of the levels: 256 and 65,536 ticks.
  quarters(2_500, 2_620),
  quarters(655_300, 655_420),
  quarters(0, 4_000_000),
);
const change = fc.oneof(
  fc.record({ type: fc.constant('set' as const), slot, inMs: delay }),
  fc.record({ type: fc.constant('cancel' as const), slot }),
);
const step = fc.oneof(
  { weight: 4, arbitrary: change },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('advance' as const), byMs: quarters(0, 3_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('advance' as const), byMs: quarters(0, 900_000) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('sleep' as const) }) },
);
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

/** What deadlines must do, done the slow way. */
class Model {
  readonly #deadlines: Deadlines;
  /** By slot: no earlier than the one, no later than the other. */
  readonly #live = new Map<number, { readonly earliestMs: number; readonly latestMs: number }>();
  /** What the next expiries do. */
  readonly #reactions: Change[];
  #nowMs: number;
  expired = 0;

  constructor(nowMs: number, reactions: readonly Change[]) {
    this.#nowMs = nowMs;
    this.#reactions = [...reactions];
    this.#deadlines = new Deadlines(nowMs, (expired) => this.#expire(expired));
  }

  change(asked: Change): void {
    if (asked.type === 'cancel') {
      this.#deadlines.cancel(asked.slot);
      this.#live.delete(asked.slot);
      return;
    }
    const earliestMs = this.#nowMs + asked.inMs;
    const latestMs = Math.max(this.#nowMs, earliestMs) + TICK_MS;
    this.#deadlines.set(asked.slot, earliestMs);
    this.#live.set(asked.slot, { earliestMs, latestMs });
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    this.#deadlines.advance(this.#nowMs);
    for (const [late, { latestMs }] of this.#live) {
      assert.ok(this.#nowMs < latestMs, `slot ${late} was due before ${latestMs}, it is ${this.#nowMs}`);
    }
  }

  /** Waits as long as it may, as the loop does. Whether there is anything to wait for. */
  sleep(): boolean {
    const waitMs = this.#deadlines.waitMs(this.#nowMs);
    if (waitMs === Number.POSITIVE_INFINITY) return false;
    this.advance(waitMs);
    return true;
  }

  check(): void {
    const waitMs = this.#deadlines.waitMs(this.#nowMs);
    assert.ok(waitMs >= 0);
    const latestMs = Math.min(
      Number.POSITIVE_INFINITY,
      ...[...this.#live.values()].map((live) => live.latestMs),
    );
    assert.ok(this.#nowMs + waitMs <= latestMs, `it would sleep ${waitMs} ms, and miss ${latestMs}`);
  }

  /** Sleeps until nothing is set. How often. */
  finish(): number {
    this.#reactions.length = 0;
    let sleeps = 0;
    while (sleeps < 1_000 && this.sleep()) {
      this.check();
      sleeps += 1;
    }
    assert.equal(this.#live.size, 0);
    return sleeps;
  }

  #expire(expired: number): void {
    const live = this.#live.get(expired) ?? assert.fail(`slot ${expired} has no deadline`);
    assert.ok(
      this.#nowMs >= live.earliestMs,
      `slot ${expired} is due at ${live.earliestMs}, not ${this.#nowMs}`,
    );
    this.#live.delete(expired);
    this.expired += 1;
    const reaction = this.#reactions.shift();
    if (reaction) this.change(reaction);
  }
}

describe('deadlines', () => {
  it('pass once each, never early, at most a tick late, whatever is set, moved and cancelled meanwhile', () => {
    fc.assert(
      fc.property(
        quarters(0, 1_000_000),
        fc.array(change, { maxLength: 20, size: 'max' }),
        fc.array(step, { maxLength: 60, size: 'max' }),
        (startMs, reactions, steps) => {
          const model = new Model(startMs, reactions);
          for (const each of steps) {
            if (each.type === 'advance') model.advance(each.byMs);
            else if (each.type === 'sleep') model.sleep();
            else model.change(each);
            model.check();
          }
          model.finish();
        },
      ),
      { numRuns: 400 },
    );
  });

  it('are reached by sleeping in few steps, and then nothing is waited for', () => {
    fc.assert(
      fc.property(quarters(0, 1_000_000), fc.array(delay, { maxLength: SLOTS }), (startMs, delays) => {
        const model = new Model(startMs, []);
        for (const [each, inMs] of delays.entries()) model.change({ type: 'set', slot: each, inMs });
        const sleeps = model.finish();
        assert.equal(model.expired, delays.length);
        // Two for the tick that one falls into, and one for each level of the wheel above the first.
        assert.ok(sleeps <= 5 * delays.length, `${sleeps} sleeps for ${delays.length} deadlines`);
      }),
      { numRuns: 400 },
    );
  });

  it('beyond the horizon of the wheel are held for as long as it takes', () => {
    const yearsMs = 2 * 400 * 24 * 3_600_000;
    const model = new Model(0, []);
    model.change({ type: 'set', slot: 0, inMs: yearsMs });
    assert.ok(model.finish() < 20);
    assert.equal(model.expired, 1);
  });

  it('that are cancelled wake once at most', () => {
    const model = new Model(0, []);
    model.change({ type: 'set', slot: 0, inMs: 50 });
    model.change({ type: 'cancel', slot: 0 });
    assert.ok(model.finish() <= 1);
  });
});
