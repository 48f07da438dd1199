import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withNothingWritten } from '../../../../../control-plane/store/log/batch-machine.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';

describe('an error with the certainty that nothing was written', () => {
  const sentences: readonly (readonly [text: string, told: string])[] = [
    ['the store does not answer', 'the store does not answer; nothing was written'],
    ['the store does not answer: ', 'the store does not answer; nothing was written'],
    ['ECONNRESET;\n', 'ECONNRESET; nothing was written'],
    ['There is no pool "web".', 'There is no pool "web"; nothing was written'],
    ['There is no pool "web". ', 'There is no pool "web"; nothing was written'],
    ['Is etcd there?', 'Is etcd there?; nothing was written'],
    ['It broke!', 'It broke!; nothing was written'],
    ['it is in the pool already; nothing was changed.', 'it is in the pool already; nothing was changed.'],
    ['Nothing was changed: it broke', 'Nothing was changed: it broke'],
    ['full; nothing was written: make room', 'full; nothing was written: make room'],
    ['', 'nothing was written'],
  ];
  for (const [text, told] of sentences) {
    it(`says so once and as a sentence, after ${JSON.stringify(text)}`, () => {
      assert.equal(withNothingWritten(new Error(text)).message, told);
      // Whoever wraps it again changes nothing.
      assert.equal(withNothingWritten(withNothingWritten(new Error(text))).message, told);
    });
  }

  it('keeps its code, its violations and its cause, and is UNAVAILABLE where it had no code', () => {
    const violations = [{ field: 'name', description: 'is taken' }];
    const error = new LbError('RESOURCE_EXHAUSTED', 'it is full', violations);
    const told = withNothingWritten(error);
    assert.deepEqual([told.code, told.violations, told.cause], ['RESOURCE_EXHAUSTED', violations, error]);
    assert.equal(withNothingWritten('broken pipe').code, 'UNAVAILABLE');
    assert.equal(withNothingWritten('broken pipe').message, 'broken pipe; nothing was written');
  });
});
