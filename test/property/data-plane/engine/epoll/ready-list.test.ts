/** The ready list against plain arrays. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReadyList } from '../../../../../data-plane/engine/epoll/ready-list.ts';

const CAPACITY = 6;

const slot = fc.nat(CAPACITY - 1);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), slot }) },
  // What each turn of the run adds, the first turn first.
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('run' as const),
      adds: fc.array(fc.array(slot, { maxLength: 4 }), { maxLength: CAPACITY }),
    }),
  },
);

/** What a ready list must do, done the slow way. */
class Model {
  readonly #list = new ReadyList(CAPACITY);
  /** Have their turn in this run still. */
  #running: number[] = [];
  #next: number[] = [];

  add(added: number): void {
    this.#list.add(added);
    if (!this.#running.includes(added) && !this.#next.includes(added)) this.#next.push(added);
  }

  run(adds: readonly (readonly number[])[]): void {
    this.#running = this.#next;
    this.#next = [];
    const expected = [...this.#running];
    const seen: number[] = [];
    this.#list.run((turn) => {
      assert.equal(turn, this.#running.shift());
      for (const added of adds[seen.length] ?? []) this.add(added);
      seen.push(turn);
    });
    assert.deepEqual(seen, expected);
  }

  check(): void {
    assert.equal(this.#list.count, this.#next.length);
  }
}

describe('the ready list', () => {
  it('gives each slot one turn, in the order they came, and leaves what comes meanwhile to the next run', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const model = new Model();
        for (const each of steps) {
          if (each.type === 'add') model.add(each.slot);
          else model.run(each.adds);
          model.check();
        }
        // Whatever was added has its turn, and then there is nothing left.
        model.run([]);
        model.check();
      }),
      { numRuns: 500 },
    );
  });
});
