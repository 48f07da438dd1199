/** What holds of the figures whatever is reported. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SlidingCounts, WINDOW_SECONDS } from '../../../../control-plane/fleet/sliding-counts.ts';
import { listenerReport, report } from '../../../../harness/control-plane/reports.ts';
import { StatsRig } from '../../../../harness/control-plane/stats-rig.ts';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('sums of a window', () => {
  it('have every amount exactly once, and nothing once it has left the window', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 1.5, noNaN: true }), fc.nat(1_000)), { maxLength: 40 }),
        (adds) => {
          const sliding = new SlidingCounts();
          let at = 2;
          let summed = 0;
          let second = 0;
          const takeUpTo = (end: number) => {
            for (; second <= end; second += 1) {
              const sums = [0];
              sliding.sum(second, second, sums);
              summed += sums[0]!;
            }
          };
          for (const [pause, amount] of adds) {
            at += pause;
            takeUpTo(Math.floor(at) - 2);
            sliding.add(at, [amount]);
          }
          takeUpTo(Math.floor(at) + 1);
          assert.ok(Math.abs(summed - sum(adds.map(([, amount]) => amount))) < 1e-6);
          const to = Math.floor(at) + 2 * WINDOW_SECONDS;
          const rest = [0];
          sliding.sum(to - WINDOW_SECONDS + 1, to, rest);
          assert.deepEqual(rest, [0]);
        },
      ),
    );
  });
});

describe('rates', () => {
  it('times the time are the increases of the counters', () => {
    const step = fc.record({ pauseMs: fc.integer({ min: 1, max: 1_000 }), growth: fc.nat(10_000) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 7 }),
        fc.nat(1_000_000),
        fc.nat(999),
        (steps, start, phaseMs) => {
          const rig = new StatsRig();
          const session = rig.connect('a');
          let total = start;
          const send = () =>
            session.report(report({ listeners: [listenerReport('l', { connectionsTotal: String(total) })] }));
          rig.clock.advance(phaseMs);
          send();
          rig.clock.advance(2_000);
          for (const { pauseMs, growth } of steps) {
            rig.clock.advance(pauseMs);
            total += growth;
            send();
          }
          rig.clock.advance(2_000);
          const { total: traffic, window } = rig.stats.frame();
          const counted = (traffic?.connectionsPerSecond ?? 0) * Number(window?.seconds);
          assert.ok(Math.abs(counted - (total - start)) < 1e-6, `${counted} of ${total - start}`);
        },
      ),
    );
  });

  it('are never negative, whatever counters do', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 20 }), (totals) => {
        const rig = new StatsRig();
        const session = rig.connect('a');
        for (const total of totals) {
          session.report(
            report({
              listeners: [
                listenerReport('l', {
                  connectionsTotal: String(total),
                  closedTotal: { completed: String(total) },
                }),
              ],
            }),
          );
          rig.clock.advance(1_000);
          const { total: traffic, listeners } = rig.stats.frame();
          assert.ok((traffic?.connectionsPerSecond ?? 0) >= 0);
          for (const { closedPerSecond } of listeners)
            assert.ok(Object.values(closedPerSecond).every((rate) => rate >= 0));
        }
      }),
    );
  });
});
