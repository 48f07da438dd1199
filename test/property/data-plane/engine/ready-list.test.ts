/** The ready list against an array. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { ReadyList } from '../../../../data-plane/engine/epoll/ready-list.ts';

const CAPACITY = 6;

/** Slots that are added, and for each run what its actions add, by slot. */
const rounds = fc.array(
  fc.record({
    added: fc.array(fc.nat(CAPACITY - 1), { maxLength: 12 }),
    addedByAction: fc.array(fc.array(fc.nat(CAPACITY - 1), { maxLength: 3 }), {
      minLength: CAPACITY,
      maxLength: CAPACITY,
    }),
  }),
  { maxLength: 30 },
);

it('every slot gets one turn a run, in the order it came, and what comes meanwhile is for the next', () => {
  fc.assert(
    fc.property(rounds, (all) => {
      const list = new ReadyList(CAPACITY);
      let expected: number[] = [];
      const expect = (slot: number) => {
        if (!expected.includes(slot)) expected.push(slot);
      };
      for (const { added, addedByAction } of all) {
        for (const slot of added) {
          list.add(slot);
          expect(slot);
        }
        assert.equal(list.isEmpty, expected.length === 0);
        const due = expected;
        expected = [];
        const ran: number[] = [];
        list.run((slot) => {
          ran.push(slot);
          for (const more of addedByAction[slot] ?? []) {
            list.add(more);
            // One that still waits for its turn in this run has it coming.
            if (!due.slice(ran.length).includes(more)) expect(more);
          }
        });
        assert.deepEqual(ran, due);
      }
    }),
  );
});
