/** Parked bytes against plain buffers. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Parking } from '../../../../data-plane/engine/epoll/parking.ts';

const BUDGET = 64;
const SIDES = 2;

const steps = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('park' as const),
      side: fc.nat(SIDES - 1),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    }),
    fc.record({
      type: fc.constant('offer' as const),
      side: fc.nat(SIDES - 1),
      takes: fc.integer({ min: -3, max: 50 }),
    }),
    fc.record({ type: fc.constant('drop' as const), side: fc.nat(SIDES - 1) }),
  ),
  { maxLength: 100 },
);

it('what is parked comes out once, in order, whatever is taken of it, and the budget holds', () => {
  fc.assert(
    fc.property(steps, (actions) => {
      /** Where each piece of memory is, as the address that stands for it. */
      const memories: Uint8Array[] = [];
      const parking = new Parking(
        { address: (memory) => memories.push(memory as Uint8Array) * 1_000 },
        BUDGET,
      );
      const model = new Map<number, { readonly whole: number; rest: Uint8Array }>();
      for (const action of actions) {
        const { side } = action;
        const parked = model.get(side);
        if (action.type === 'park') {
          const { bytes } = action;
          if (parked || !parking.hasRoom(bytes.length)) continue;
          model.set(side, { whole: bytes.length, rest: bytes.slice() });
          parking.park(side, bytes);
          // The worker's one buffer is read into again at once.
          bytes.fill(0);
        } else if (action.type === 'offer') {
          let offered = 0;
          const taken = parking.offer(side, (at, size) => {
            offered = size;
            const start = at % 1_000;
            const found = memories[Math.floor(at / 1_000) - 1]?.subarray(start, start + size);
            assert.deepEqual(found, parked?.rest);
            return Math.min(action.takes, size);
          });
          assert.equal(offered, parked?.rest.length ?? 0);
          assert.equal(taken, parked ? Math.min(action.takes, offered) : 0);
          if (parked && taken > 0) parked.rest = parked.rest.subarray(taken);
          if (parked?.rest.length === 0) model.delete(side);
        } else {
          parking.drop(side);
          model.delete(side);
        }
        const held = [...model.values()].reduce((sum, { whole }) => sum + whole, 0);
        assert.equal(parking.bytes, held);
        assert.ok(held <= BUDGET);
        for (let each = 0; each < SIDES; each += 1) assert.equal(parking.isParked(each), model.has(each));
      }
    }),
    { numRuns: 500 },
  );
});
