/** Numbers, times, bars, and texts that fit. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { short, shortTime, sparkline } from '../../../../cli/top/figures.ts';
import { fit, textWidth } from '../../../../cli/top/text-width.ts';

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

describe('a sparkline', () => {
  it('has the newest at the right, beside the highest of them', () => {
    assert.equal(sparkline([9, 0, 1, 2, 4, 8], 5), '▁▁▂▄█');
  });

  it('is flat when nothing happens, and empty without room or samples', () => {
    assert.equal(sparkline([0, 0], 8), '▁▁');
    assert.equal(sparkline([1, 2], 0), '');
    assert.equal(sparkline([], 8), '');
  });
});

describe('a text that fits', () => {
  it('takes as many columns as it was given', () => {
    for (const text of ['', 'web', 'a-long-name', '負荷分散', 'e\u0301te\u0301', 'tab\there', '🙂🙂🙂']) {
      for (const width of [0, 1, 2, 3, 5, 8])
        assert.equal(textWidth(fit(text, width)), width, `${text} in ${width}`);
    }
  });

  it('is cut with an ellipsis, never within a wide character', () => {
    assert.equal(fit('abcdef', 4), 'abc…');
    assert.equal(fit('負荷分散', 4), '負… ');
    assert.equal(fit('ab', 4, 'right'), '  ab');
  });

  it('steers no terminal', () => {
    assert.equal(fit('a\u001b[2Jb', 6), 'a [2Jb');
  });
});
