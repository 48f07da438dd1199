import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageOf } from '../../../../core/runtime/errors.ts';
import { printable } from '../../../../core/runtime/printable.ts';

describe('the message of what was thrown', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:7000'), { code: 'ECONNREFUSED' });
  for (const [thrown, message] of [
    [new Error('too late'), 'too late'],
    [new AggregateError([refused, new Error('b')]), 'connect ECONNREFUSED ::1:7000; b'],
    [new AggregateError([]), 'AggregateError'],
    [Object.assign(new Error(''), { code: 'EPIPE' }), 'EPIPE'],
    [new TypeError(), 'TypeError'],
    [{ code: 14, details: 'no connection' }, 'no connection'],
    ['in words', 'in words'],
    ...[undefined, null, '', {}, Object.create(null), { message: undefined }].map((nothing) => [
      nothing,
      'unknown error',
    ]),
  ] as const) {
    it(`is never empty or undefined: ${JSON.stringify(thrown)} → ${String(message)}`, () => {
      assert.equal(messageOf(thrown), message);
    });
  }
});

describe('text from outside', () => {
  it('cannot control a terminal, turn its direction, or fake a line', () => {
    const code = (...points: number[]) => String.fromCodePoint(...points);
    const hostile = [
      ...Array.from({ length: 32 }, (_, index) => index),
      ...Array.from({ length: 33 }, (_, index) => 0x7f + index),
      0xad,
      0x61c,
      0x200b,
      0x200e,
      0x200f,
      0x2028,
      0x2029,
      0x202a,
      0x202e,
      0x2066,
      0x2069,
      0xfeff,
      0xd800,
      0xdfff,
      0xe0041,
    ];
    for (const point of hostile)
      assert.equal(printable(`a${code(point)}b`), 'a b', `U+${point.toString(16)}`);
    assert.equal(printable('\u001b[31mred'), ' [31mred');
  });

  it('stays as it is otherwise', () => {
    for (const text of ['web-1.example:80', 'größer → 貓', '👩‍🚀']) assert.equal(printable(text), text);
  });
});
