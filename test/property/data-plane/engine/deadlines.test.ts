/** Deadlines against a map: none is lost, early or told twice, though the wheel is looked at only when something may be due. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../../../../data-plane/engine/epoll/deadlines.ts';

/** The wheel's grain. */
const TICK_MS = 10;
const SLOTS = 5;

const steps = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('set' as const),
      slot: fc.nat(SLOTS - 1),
      inMs: fc.integer({ min: 0, max: 100_000 }),
    }),
    fc.record({ type: fc.constant('cancel' as const), slot: fc.nat(SLOTS - 1) }),
    fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
    fc.constant({ type: 'wait' as const }),
  ),
  { maxLength: 120 },
);

it('every deadline is told once, not before its time and at most one tick after it', () => {
  fc.assert(
    fc.property(steps, (actions) => {
      let nowMs = 1_234;
      const model = new Map<number, number>();
      const deadlines = new Deadlines(nowMs, (slot) => {
        const deadlineMs = model.get(slot) ?? assert.fail(`slot ${slot} has none`);
        assert.ok(deadlineMs <= nowMs, `slot ${slot}: ${deadlineMs} at ${nowMs}`);
        model.delete(slot);
      });
      const advance = () => {
        deadlines.advance(nowMs);
        for (const [slot, deadlineMs] of model) {
          assert.ok(deadlineMs + 2 * TICK_MS > nowMs, `slot ${slot}: ${deadlineMs} is overdue at ${nowMs}`);
        }
      };
      for (const action of actions) {
        if (action.type === 'set') {
          model.set(action.slot, nowMs + action.inMs);
          deadlines.set(action.slot, nowMs + action.inMs);
        } else if (action.type === 'cancel') {
          model.delete(action.slot);
          deadlines.cancel(action.slot);
        } else if (action.type === 'pass') {
          nowMs += action.ms;
          advance();
        } else {
          // As the loop does: it sleeps exactly so long, or until an event when nothing will be due.
          const waitMs = deadlines.waitMs(nowMs);
          if (waitMs === Number.POSITIVE_INFINITY) assert.equal(model.size, 0);
          else nowMs += waitMs;
          advance();
        }
      }
    }),
  );
});
