/** Slots against a list of who owns which. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Slots, STATE } from '../../../../../data-plane/engine/epoll/slots.ts';

const NO_SLOT = -1;
const DIRT = 0xffff;

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('take' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const), which: fc.nat(1_000) }) },
);

/** What slots must do, done the slow way. */
class Model {
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
        fc.array(step, { maxLength: 80, size: 'max' }),
        (capacity, steps) => {
          const model = new Model(capacity);
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
