import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nothingWritten } from '../../../../../control-plane/store/log/proposal.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';

describe('an error with the certainty that nothing was written', () => {
  it('says so at its end, as a sentence', () => {
    const sentences: readonly (readonly [text: string, told: string])[] = [
      ['the store does not answer', 'the store does not answer; nothing was written'],
      ['the store does not answer: ', 'the store does not answer; nothing was written'],
      ['ECONNRESET;\n', 'ECONNRESET; nothing was written'],
      ['There is no pool "web". ', 'There is no pool "web"; nothing was written'],
      ['Is etcd there?', 'Is etcd there?; nothing was written'],
      ['', 'Error; nothing was written'],
    ];
    for (const [text, told] of sentences) assert.equal(nothingWritten(new Error(text)).message, told);
  });

  it('keeps its code, its violations and its cause, and is UNAVAILABLE where it had no code', () => {
    const violations = [{ field: 'name', description: 'is taken' }];
    const error = new LbError('RESOURCE_EXHAUSTED', 'it is full', violations);
    const told = nothingWritten(error);
    assert.deepEqual([told.code, told.violations, told.cause], ['RESOURCE_EXHAUSTED', violations, error]);
    const { code, message } = nothingWritten('broken pipe');
    assert.deepEqual([code, message], ['UNAVAILABLE', 'broken pipe; nothing was written']);
  });
});
