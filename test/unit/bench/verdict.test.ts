/** When the bench says that a bar is met: a wrong verdict would hide that we have become slower. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verdictOf, type Bar } from '../../../bench/report/bars.ts';
import { judge, type Row } from '../../../bench/report/row.ts';

describe('a bar', () => {
  const spread = (value: number) => ({ median: value, min: value, max: value });
  const verdict = (bar: Bar, ratio: number, itself?: number) =>
    verdictOf(bar, {
      ours: [ratio],
      theirs: [1],
      ratio: spread(ratio),
      itself: itself === undefined ? undefined : spread(itself),
    });

  const loose: Bar = { kind: 'at_most', times: 1, plusRulerError: true };
  const least: Bar = { kind: 'at_least', times: 1, plusRulerError: true };
  const cases: [bar: Bar, ratio: number, itself: number | undefined, met: string][] = [
    [{ kind: 'at_most', times: 1.1 }, 1.1, undefined, 'yes'],
    [{ kind: 'at_most', times: 1.1 }, 1.11, undefined, 'NO'],
    [{ kind: 'at_most', times: 1.1 }, 1.11, 1.05, 'NO'],
    // It gives way by the ruler's error where it says so.
    [loose, 1.02, 0.97, 'yes'],
    [loose, 1.04, 0.97, 'NO'],
    [loose, 1.01, undefined, 'NO'],
    [least, 0.98, 1.03, 'yes'],
    [least, 0.96, 1.03, 'NO'],
    [least, 2, undefined, 'yes'],
    // It says nothing when the ruler is off by more than the bar grants.
    [{ kind: 'at_most', times: 1 }, 0.5, 1.06, 'noisy'],
    [{ kind: 'at_least', times: 1 }, 2, 0.9, 'noisy'],
    [{ kind: 'at_most', times: 2 }, 1.5, 1.9, 'yes'],
    [{ kind: 'at_most_and', times: 1.25, more: 9 }, 1, 0.7, 'noisy'],
  ];
  for (const [bar, ratio, itself, met] of cases) {
    it(`${JSON.stringify(bar)} at ${ratio}, with the ruler at ${itself}: ${met}`, () =>
      assert.equal(verdict(bar, ratio, itself), met));
  }

  it('gives way by no more than 5 %, however wide the ruler’s error', () => {
    const itself = { median: 1, min: 0.6, max: 1.4 };
    const met = (ratio: number) =>
      verdictOf(loose, { ours: [ratio], theirs: [1], ratio: spread(ratio), itself });
    assert.deepEqual([met(1.04), met(1.06)], ['yes', 'NO']);
  });

  it('with two conditions needs both', () => {
    const bar: Bar = { kind: 'at_most_and', times: 1.25, more: 0.25 };
    const of = (ours: number, theirs: number) =>
      verdictOf(bar, { ours: [ours], theirs: [theirs], ratio: spread(ours / theirs) });
    assert.equal(of(1.25, 1), 'yes');
    assert.equal(of(1.3, 1), 'NO');
    assert.equal(of(12, 10), 'NO');
  });

  it('of at most so much more is about what was measured in the same pair', () => {
    const bar: Bar = { kind: 'at_most_and', times: 9, more: 0.3 };
    // The medians differ by 1, the pairs by 0.1.
    const [theirs, ours] = [
      [1, 3, 2, 9, 8],
      [1.1, 4, 2.1, 9.1, 8.1],
    ];
    assert.equal(verdictOf(bar, { ours, theirs, ratio: spread(1) }), 'yes');
  });

  it('of a figure by itself needs nobody to compare with', () => {
    const bar: Bar = { kind: 'value_at_most', value: 512 };
    assert.equal(verdictOf(bar, { ours: [512], theirs: [] }), 'yes');
    assert.equal(verdictOf(bar, { ours: [513], theirs: [] }), 'NO');
  });

  it('that needs a peer says so when there is none', () => {
    assert.equal(verdictOf({ kind: 'at_most', times: 1 }, { ours: [1], theirs: [] }), 'not compared');
  });

  it('does not take what is no number for met', () => {
    assert.equal(verdict({ kind: 'at_most', times: 1 }, Number.NaN), 'NO');
    assert.equal(verdictOf({ kind: 'value_at_most', value: 1 }, { ours: [Number.NaN], theirs: [] }), 'NO');
  });
});

describe('a row', () => {
  const row: Row = {
    what: 'CPU per request',
    unit: 'µs',
    ours: [11, 12, 10],
    theirs: [10, 10, 10],
    again: [10, 11, 9],
    nginx: [9, 9, 9],
    bar: { kind: 'at_most', times: 1.1 },
  };

  it('is judged by the median of its pairs', () => {
    const judged = judge(row);
    assert.equal(judged.figure, 11);
    assert.deepEqual(judged.ratio, { median: 1.1, min: 1, max: 1.2 });
    assert.deepEqual(judged.itself, { median: 1, min: 0.9, max: 1.1 });
    assert.equal(judged.met, 'yes');
  });
});
