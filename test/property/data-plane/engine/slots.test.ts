/** Slots against sets and maps. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Slots, STATE } from '../../../../data-plane/engine/epoll/slots.ts';

const CAPACITY = 8;

it('a slot has one owner at a time, and an event of an earlier one is told from its own', () => {
  const steps = fc.array(fc.oneof(fc.constant('take' as const), fc.nat(CAPACITY - 1)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (actions) => {
      const slots = new Slots(new Int32Array(2 * CAPACITY));
      const open = new Set<number>();
      /** Every pair of slot and generation that ever was. */
      const owners = new Set<string>();
      for (const action of actions) {
        if (action === 'take') {
          assert.equal(slots.hasRoom, open.size < CAPACITY);
          const slot = slots.take();
          if (open.size === CAPACITY) {
            assert.equal(slot, -1);
            continue;
          }
          assert.ok(!open.has(slot), `slot ${slot} is given out twice`);
          const owner = `${slot}/${slots.generations[slot]}`;
          assert.ok(!owners.has(owner), `${owner} was another connection`);
          owners.add(owner);
          open.add(slot);
          assert.equal(slots.states[slot], STATE.connecting);
          assert.deepEqual([slots.sides[2 * slot], slots.sides[2 * slot + 1]], [0, 0]);
          // Flags of this owner must not reach the next.
          slots.sides.fill(0xffff, 2 * slot, 2 * slot + 2);
        } else if (open.delete(action)) slots.release(action);
        assert.equal(slots.open, open.size);
        for (let slot = 0; slot < CAPACITY; slot += 1) assert.equal(slots.isOpen(slot), open.has(slot));
        assert.ok([...open].every((slot) => slot < slots.touched));
      }
    }),
  );
});

it('the generation of a slot wraps to 0, never below it', () => {
  const slots = new Slots(new Int32Array(2));
  slots.generations[slots.take()] = 0x7fff_ffff;
  slots.release(0);
  assert.equal(slots.generations[slots.take()], 0);
});
