/** A sawtooth is garbage; a floor that rises is a leak. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { growthOf } from '../../../bench/soak/growth.ts';

const allowed = (early: number): number => early * 1.1;
const samples = (of: (at: number) => number): number[] => Array.from({ length: 120 }, (_, at) => of(at));

describe('growth', () => {
  it('is not a sawtooth, nor what happens while a process warms up', () => {
    assert.equal(
      growthOf(
        samples((at) => 100 + (at % 10) * 20),
        allowed,
      ).grows,
      false,
    );
    assert.equal(
      growthOf(
        samples((at) => Math.min(at, 25) * 10),
        allowed,
      ).grows,
      false,
    );
  });

  it('is a floor that rises', () => {
    const { early, late, grows } = growthOf(
      samples((at) => 100 + at + (at % 10) * 20),
      allowed,
    );
    assert.deepEqual([early, late, grows], [130, 190, true]);
  });
});
