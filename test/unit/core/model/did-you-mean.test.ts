import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { didYouMean } from '../../../../core/model/did-you-mean.ts';

describe('the suggestion for a mistyped word', () => {
  const strategies = ['round_robin', 'least_connections', 'random', 'source_hash'];
  const cases: [word: string, expected: string | undefined][] = [
    ['round_robbin', 'round_robin'],
    ['roundrobin', 'round_robin'],
    ['ROUND_ROBIN', 'round_robin'],
    ['radnom', 'random'],
    ['least_connection', 'least_connections'],
    ['xyz', undefined],
    ['', undefined],
  ];
  for (const [word, expected] of cases) {
    const suggestion = expected === undefined ? '' : ` (did you mean "${expected}"?)`;
    it(`is ${expected ?? 'left out'} for "${word}"`, () =>
      assert.equal(didYouMean(word, strategies), suggestion));
  }

  it('is the closest word, and the first of equals', () => {
    assert.equal(didYouMean('wab', ['web', 'wab2', 'wap']), ' (did you mean "web"?)');
    assert.equal(didYouMean('web', ['wob', 'web']), ' (did you mean "web"?)');
  });
});
