import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { didYouMean, nearest } from '../../../../core/model/nearest.ts';

describe('nearest', () => {
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
    it(`finds ${expected} for "${word}"`, () => assert.equal(nearest(word, strategies), expected));
  }

  it('prefers the closest, and the first of equals', () => {
    assert.equal(nearest('wab', ['web', 'wab2', 'wap']), 'web');
    assert.equal(nearest('web', ['wob', 'web']), 'web');
  });

  it('makes words for a message, or none', () => {
    assert.equal(didYouMean('wbe', ['web']), ' (did you mean "web"?)');
    assert.equal(didYouMean('database', ['web']), '');
  });
});
