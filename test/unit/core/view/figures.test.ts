/** Numbers, times and lists for people. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { age, few, short, shortTime } from '../../../../core/view/figures.ts';

describe('a figure in five characters', () => {
  for (const [value, text] of [
    [0, '0'],
    [0.04, '0'],
    [0.06, '0.1'],
    [3, '3'],
    [9.94, '9.9'],
    [9.96, '10'],
    [999.4, '999'],
    [999.6, '1k'],
    [1_234, '1.2k'],
    [999_600, '1M'],
    [56_700_000, '57M'],
    [3e18, '3000P'],
  ] as const) {
    it(`${value} is ${text}`, () => assert.equal(short(value), text));
  }

  for (const [seconds, text] of [
    [null, '-'],
    [0.000_45, '450µs'],
    [0.000_999_6, '1ms'],
    [0.0012, '1.2ms'],
    [0.123, '123ms'],
    [0.9996, '1s'],
    [4.25, '4.3s'],
    [119, '119s'],
    [120, '2m'],
    [7_200, '2h'],
  ] as const) {
    it(`${seconds} s is ${text}`, () => assert.equal(shortTime(seconds), text));
  }
});

describe('an age', () => {
  for (const [seconds, text] of [
    [-5, '0s'],
    [119, '119s'],
    [120, '2m'],
    [7_200, '2h'],
    [86_400 * 2, '2d'],
  ] as const) {
    it(`of ${seconds} s is ${text}`, () =>
      assert.equal(age({ seconds: '0', nanos: 0 }, seconds * 1_000), text));
  }
  it('of a time that is unset is empty', () => assert.equal(age(null, 5), ''));
});

describe('names in words', () => {
  for (const [names, text] of [
    [[], ''],
    [['a'], 'a'],
    [['a', 'b', 'c', 'd'], 'a, b, c and d'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
  ] as const) {
    it(`${names.length} are "${text}"`, () => assert.equal(few(names), text));
  }
});
