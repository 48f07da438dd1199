/** Slots, and deadlines on their timing wheel, against slow and simple models of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Slots, STATE } from '../../../../../data-plane/engine/epoll/slots.ts';
import { Deadlines } from '../../../../../data-plane/engine/epoll/deadlines.ts';

const NO_SLOT = -1;
const DIRT = 0xffff;

const slotStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('take' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const), which: fc.nat(1_000) }) },
);

/** What slots must do, done the slow way: a list of who owns which. */
class SlotModel {
  readonly slots: Slots;
  readonly #open: number[] = [];
  /** The one freed last comes last. */
  readonly #freed: number[] = [];
  /** Each slot and generation that ever had an owner. */
  readonly #owners = new Set<string>();
  #touched = 0;

  constructor(capacity: number) {
    this.slots = new Slots(new Int32Array(2 * capacity));
    assert.equal(this.slots.capacity, capacity);
  }

  take(): void {
    const slot = this.slots.take();
    const isFull = this.#open.length === this.slots.capacity;
    const expected = isFull ? NO_SLOT : (this.#freed.pop() ?? this.#touched++);
    assert.equal(slot, expected);
    if (slot === NO_SLOT) return;
    const owner = `${slot} in generation ${this.slots.generations[slot]}`;
    assert.ok(!this.#owners.has(owner), `${owner} had an owner already`);
    this.#owners.add(owner);
    this.#open.push(slot);
    assert.equal(this.slots.states[slot], STATE.connecting);
    assert.deepEqual([this.slots.sides[2 * slot], this.slots.sides[2 * slot + 1]], [0, 0]);
    // What its owner leaves behind must not be seen by the next one, nor by a neighbour.
    this.slots.sides.fill(DIRT, 2 * slot, 2 * slot + 2);
    this.slots.states[slot] = STATE.relaying;
  }

  release(which: number): void {
    const [slot] = this.#open.splice(which % Math.max(1, this.#open.length), 1);
    if (slot === undefined) return;
    this.slots.release(slot);
    this.#freed.push(slot);
  }

  check(): void {
    const { slots } = this;
    assert.equal(slots.open, this.#open.length);
    assert.equal(slots.touched, this.#touched);
    assert.equal(slots.hasRoom, this.#open.length < slots.capacity);
    for (let slot = -1; slot <= slots.capacity; slot++) {
      assert.equal(slots.isOpen(slot), this.#open.includes(slot), `slot ${slot}`);
    }
    for (const slot of this.#open) {
      assert.deepEqual([slots.sides[2 * slot], slots.sides[2 * slot + 1]], [DIRT, DIRT]);
    }
  }
}

describe('slots', () => {
  it('have one owner at a time, clean, and no two owners in one generation', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        fc.array(slotStep, { maxLength: 80, size: 'max' }),
        (capacity, steps) => {
          const model = new SlotModel(capacity);
          for (const each of steps) {
            if (each.type === 'take') model.take();
            else model.release(each.which);
            model.check();
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('begin again with generation 0 after the last one: an event says negative ones of no connection', () => {
    const slots = new Slots(new Int32Array(2));
    slots.generations[0] = 0x7fff_fffe;
    const seen = [1, 2, 3].map(() => {
      slots.release(slots.take());
      return slots.generations[0];
    });
    assert.deepEqual(seen, [0x7fff_ffff, 0, 1]);
  });
});

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
