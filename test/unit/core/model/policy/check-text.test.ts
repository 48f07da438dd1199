import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readExpectation, readStatus, readText } from '../../../../../core/model/policy/check-text.ts';

describe('a text of a health check', () => {
  it('stands for bytes, with escapes for those that are no letters', () => {
    const texts = {
      'PING\\r\\n': 'PING\r\n',
      'a\\tb\\0\\\\n': 'a\tb\0\\n',
      '\\x00\\x7f\\xFF\\xaB': '\0\x7f\xff\xab',
      'as it is\r\n': 'as it is\r\n',
    };
    for (const [text, value] of Object.entries(texts)) assert.deepEqual(readText(text), { ok: true, value });
  });

  it('has no other escapes, and says which are there', () => {
    for (const [text, escape] of [
      ['a\\q', '\\q'],
      ['\\x1', '\\x'],
      ['end\\', '\\'],
      ['\\u00e4', '\\u'],
    ] as const) {
      const read = readText(text);
      assert.ok(!read.ok);
      assert.ok(
        read.description.startsWith(`has the escape "${escape}", which means nothing; use \\r`),
        text,
      );
    }
  });
});

describe('what a step expects', () => {
  const ends = (text: string, received: string) => {
    const read = readExpectation(text);
    assert.ok(read.ok, JSON.stringify(read));
    return read.value(received);
  };

  it('is text anywhere in what was received, or a regular expression between slashes, on bytes', () => {
    assert.equal(ends('role:master', 'role:slave\r\nrole:master\r\n'), 23);
    assert.equal(ends('role:master', 'role:maste'), -1);
    assert.equal(ends('+PONG\\r\\n', '+PONG\r\n'), 7);
    assert.equal(ends('/role:(master|primary)\\r\\n/', 'x\nrole:primary\r\ny'), 16);
    assert.equal(ends('/^x$/', 'x\n'), -1);
    assert.equal(ends('/[\\x80-\\xff]{2}/', 'a\xe4\xff'), 3);
    assert.equal(
      ends('/(?:\\d{1,3}\\.){3}\\d{1,3} [0-9a-f()]{8}(?:-[0-9a-f]{4}){3}/', `10.0.0.255 (${'a-'.repeat(99)}`),
      -1,
    );
    assert.equal(ends('/', 'a/'), 2);
    assert.equal(ends('/a', '/a'), 2);
  });

  it('is refused with the reason and the place where it is no regular expression, and where it could take long', () => {
    for (const [text, words] of [
      [
        '/a(b/',
        /^is not a regular expression: missing closing \) at "a\(b"; it is read as RE2 reads it, without/,
      ],
      ['/(a)\\1/', /invalid escape sequence at "\\1"; .*without back-references and look-around/],
      ['/(?=a)b/', /at "\(\?="; .*look-around/],
      [
        '//',
        /^is a regular expression that the empty text matches, so it would pass before the server answers$/,
      ],
      ['/(OK)?.*/', /the empty text matches/],
      ['/a{1001}/', /invalid repeat count at "\{1001\}"/],
      [`/${'a{1000}'.repeat(140)}/`, /^is a regular expression of more than 2000 steps when/],
      [`/(?:${'a{10}'.repeat(20)}){100}/`, /^is a regular expression of more than 2000 steps when/],
      ['/[ab()]{900}\\({900}(?:x)[)]{900}/', /^is a regular expression of more than 2000 steps when/],
      ['/(?:[ab]{1,30}a){30}/', /^is a regular expression of \d+ steps when .*; at most 200 are allowed/],
    ] as const) {
      const read = readExpectation(text);
      assert.ok(!read.ok);
      assert.match(read.description, words);
    }
  });
});

describe('the statuses that pass', () => {
  it('are one or a range, both ends included', () => {
    assert.deepEqual(readStatus('204'), { ok: true, value: { from: 204, to: 204 } });
    assert.deepEqual(readStatus('100-599'), { ok: true, value: { from: 100, to: 599 } });
  });

  it('are refused with what is allowed', () => {
    for (const text of [
      '',
      '99',
      '600',
      '2xx',
      '200-',
      '-200',
      '200-600',
      '200 - 300',
      '0200',
      '200-399-400',
    ]) {
      const read = readStatus(text);
      assert.ok(!read.ok, text);
      assert.match(
        read.description,
        /use a status from 100 to 599, such as 204, or a range, such as 200-399$/,
      );
    }
    const backwards = readStatus('399-200');
    assert.ok(!backwards.ok);
    assert.match(backwards.description, /^is "399-200", which is backwards; use/);
  });
});
