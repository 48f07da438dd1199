import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';

describe('TriedSet', () => {
  it('is a set, however many are added and however often it is reused', () => {
    const tried = new TriedSet();
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 60 }), (added) => {
        tried.clear();
        const model = new Set(added);
        for (const candidate of added) tried.add(candidate);
        assert.equal(tried.size, model.size);
        for (let candidate = 0; candidate <= 40; candidate++) {
          assert.equal(tried.has(candidate), model.has(candidate));
        }
      }),
    );
  });
});
