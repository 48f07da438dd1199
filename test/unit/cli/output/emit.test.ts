/** YAML and JSON that lbctl writes mean the same to every reader. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { jsonText, yamlText } from '../../../../cli/output/emit.ts';

/** Each is something else than text to some reader of YAML 1.1 or 1.2. */
const VALUES =
  `no yes on off y n Y N No true True TRUE null Null ~ 2024-01-01 2024-1-1 2001-12-14t21:59:43.10-05:00
  0x1f 0X1F 0o17 017 08 0b11 1e3 1E3 1.5e3 1e-3 -1 +1 1_000 1_ 1:30 190:20:30 1:30.5 .inf -.inf .nan = << .5 5. 1.2
  1,000 -x- *x &x !x %x @x |x >x #x {x [x`.split(/\s+/);

const TERMINAL = [
  '\u001b[2J',
  '\u009b2J',
  '\u202e',
  '\ufeff',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u{e0001}',
  'a\nb\u0007',
  '\ud800',
];

describe('YAML for programs', () => {
  it('has every text in quotes that a reader could take for something else', () => {
    const plain = [...VALUES, ...TERMINAL].filter(
      (text) => !/^- (["'].*["']|-x-)\n$/s.test(yamlText([text])),
    );
    assert.deepEqual(plain, []);
    for (const version of ['1.1', '1.2'] as const) {
      const texts = [...VALUES, 'web', '10.0.0.1:80', 'a b', ''];
      assert.deepEqual(parse(yamlText(texts), { version }), texts);
    }
  });

  it('has names and durations without quotes', () => {
    assert.equal(yamlText({ name: 'web-1', interval: '1m30s' }), 'name: web-1\ninterval: 1m30s\n');
  });
});

it('what could control a terminal is escaped, and the value stays what it is', () => {
  for (const text of TERMINAL) {
    for (const written of [yamlText({ text }), jsonText({ text })]) {
      assert.match(written, /^[\n\x20-\x7e]+$/);
      assert.equal((parse(written) as { text: string }).text, text);
    }
    assert.deepEqual(JSON.parse(jsonText({ text })), { text });
  }
});
