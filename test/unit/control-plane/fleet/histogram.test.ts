/** Quantiles, and histograms told in other buckets. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundsOf, quantilesOf, rebucket } from '../../../../control-plane/fleet/histogram.ts';

describe('quantiles', () => {
  for (const { name, counts, p50, p99 } of [
    { name: 'lie within their bucket', counts: [0, 100, 0, 0], p50: 1.5, p99: 1.99 },
    { name: 'begin at zero in the first bucket', counts: [100, 0, 0, 0], p50: 0.5, p99: 0.99 },
    { name: 'pass over empty buckets', counts: [50, 0, 50, 0], p50: 1, p99: 3.96 },
    { name: 'are at least the last bound above it', counts: [0, 0, 0, 9], p50: 4, p99: 4 },
    { name: 'take parts of observations', counts: [0.25, 0.25, 0, 0], p50: 1, p99: 1.98 },
  ]) {
    it(name, () => {
      const found = quantilesOf([1, 2, 4], counts);
      assert.ok(found);
      assert.ok(Math.abs(found.p50 - p50) < 1e-9, `p50 ${found.p50}`);
      assert.ok(Math.abs(found.p99 - p99) < 1e-9, `p99 ${found.p99}`);
    });
  }

  it('are not there when nothing was observed', () => {
    assert.equal(quantilesOf([1, 2], [0, 0, 0]), null);
  });
});

describe('other buckets', () => {
  for (const [name, from, counts, to, expected] of [
    ['of the same bounds change nothing', [1, 2], [1, 2, 3], [1, 2], [1, 2, 3]],
    ['that are finer share out by length', [4], [8, 0], [1, 4], [2, 6, 0]],
    ['that are coarser add up', [1, 2, 4], [1, 2, 3, 4], [4], [6, 4]],
    ['that cross are cut', [2, 6], [2, 4, 0], [3], [3, 3]],
    ['take what has no upper bound at its lower one', [2], [0, 5], [1, 3], [0, 5, 0]],
  ] as const) {
    it(name, () => assert.deepEqual(rebucket(from, counts, to), expected));
  }
});

const TOO_MANY = Array.from({ length: 65 }, (_, index) => index + 1);

describe('bounds that a proxy sends', () => {
  for (const { name, bounds, good } of [
    { name: 'are taken where they ascend', bounds: [1, 2], good: true },
    { name: 'are dropped where there are none', bounds: [], good: false },
    { name: 'are dropped where they do not ascend', bounds: [2, 1], good: false },
    { name: 'are dropped with one of zero', bounds: [0, 1], good: false },
    { name: 'are dropped with one that is no number', bounds: [1, Number.NaN], good: false },
    { name: 'are dropped without end', bounds: TOO_MANY, good: false },
  ]) {
    it(name, () => {
      const { connect } = boundsOf({ connect: bounds, firstByte: [], duration: [] });
      assert.deepEqual(connect, good ? bounds : undefined);
    });
  }
});
