import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnBytes } from '../../../../../data-plane/engine/epoll/sizes.ts';

const KB = 1_024;

describe('the limit of a turn', () => {
  it('is long for one alone, and shared by few, but never below what is fair', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 10_000].map((ready) => Math.floor(turnBytes(ready) / KB)),
      [1_024, 512, 341, 256, 256, 256],
    );
  });
});
