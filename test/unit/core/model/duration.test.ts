import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDuration, parseDuration } from '../../../../core/model/duration.ts';

describe('durations', () => {
  const cases: [text: string, ms: number][] = [
    ['0s', 0],
    ['250ms', 250],
    ['5s', 5_000],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['1h1m1s1ms', 3_661_001],
    ['5m', 300_000],
    ['100h', 360_000_000],
  ];
  for (const [text, ms] of cases) {
    it(`${text} is ${ms} ms, and back`, () => {
      assert.deepEqual(parseDuration(text), { ok: true, ms });
      assert.equal(formatDuration(ms), text);
    });
  }

  it('reads what it would write otherwise', () => {
    assert.deepEqual(parseDuration('90s'), { ok: true, ms: 90_000 });
    assert.deepEqual(parseDuration('0ms'), { ok: true, ms: 0 });
  });

  for (const text of [
    '',
    '5',
    's',
    '1.5s',
    '-1s',
    '1s1m',
    '1s1s',
    '5 s',
    '1d',
    'never',
    '1S',
    '99999999999999999999h',
  ]) {
    it(`refuses "${text}" and says what is allowed`, () => {
      const parsed = parseDuration(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.description, /250ms, 5s, 1m30s or 1h/);
    });
  }
});
