/** What holds of the figures whatever is reported. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { quantilesOf, rebucket } from '../../../../control-plane/fleet/histogram.ts';
import { SlidingCounts, WINDOW_SLOTS } from '../../../../control-plane/fleet/sliding-counts.ts';
import { listenerReport, report } from '../../../../harness/control-plane/reports.ts';
import { StatsRig } from '../../../../harness/control-plane/stats-rig.ts';

const bounds = fc
  .uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 })
  .map((values) => values.sort((a, b) => a - b).map((value) => value / 100));
const counts = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: length, maxLength: length });
const histogram = bounds.chain((made) =>
  counts(made.length + 1).map((values) => ({ bounds: made, counts: values })),
);
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
          let slot = 0;
          const takeUpTo = (end: number) => {
            for (; slot <= end; slot += 1) {
              const sums = [0];
              sliding.sum(slot, slot, sums);
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
          const to = Math.floor(at) + 2 * WINDOW_SLOTS;
          const rest = [0];
          sliding.sum(to - WINDOW_SLOTS + 1, to, rest);
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

describe('quantiles', () => {
  it('grow with their rank, and lie in the bucket that the observation of that rank is in', () => {
    fc.assert(
      fc.property(histogram, ({ bounds: made, counts: values }) => {
        const found = quantilesOf(made, values);
        if (found === null) return assert.equal(sum(values), 0);
        assert.ok(found.p50 <= found.p90 && found.p90 <= found.p99);
        for (const [share, value] of [
          [0.5, found.p50],
          [0.9, found.p90],
          [0.99, found.p99],
        ] as const) {
          const rank = share * sum(values);
          const bucket = values.findIndex(
            (_, index) => sum(values.slice(0, index + 1)) >= rank && values[index]! > 0,
          );
          const upper = made[bucket] ?? made.at(-1)!;
          assert.ok(value <= upper + 1e-9 && value >= (made[bucket - 1] ?? 0) - 1e-9);
        }
      }),
    );
  });

  it('keep the number of observations in other buckets, within the width of a bucket', () => {
    fc.assert(
      fc.property(histogram, bounds, ({ bounds: made, counts: values }, to) => {
        const told = rebucket(made, values, to);
        assert.ok(Math.abs(sum(told) - sum(values)) < 1e-6);
        assert.ok(told.every((count) => count >= -1e-9));
        const back = rebucket(made, values, made);
        assert.deepEqual(back, values);
        // Below a bound that both have lie as many.
        for (const bound of to.filter((one) => made.includes(one))) {
          const below = (all: readonly number[], of: readonly number[]) =>
            sum(all.slice(0, of.indexOf(bound) + 1));
          assert.ok(Math.abs(below(told, to) - below(values, made)) < 1e-6);
        }
      }),
    );
  });
});
