import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backoff } from '../../../../core/runtime/backoff.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';

describe('backoff', () => {
  it('doubles up to its bound, each delay in the upper half of its step, and starts over after a success', () => {
    const delays = backoff(100, 1_000, seededRandom(1));
    for (const step of [100, 200, 400, 800, 1_000, 1_000]) {
      const delay = delays.nextMs();
      assert.ok(delay >= step / 2 && delay < step, `${delay} in [${step / 2}, ${step})`);
    }
    delays.reset();
    assert.ok(delays.nextMs() < 100);
  });

  it('spreads those that fail together', () => {
    const delays = Array.from({ length: 100 }, (_, seed) =>
      Math.round(backoff(1_000, 1_000, seededRandom(seed)).nextMs()),
    );
    assert.ok(new Set(delays).size > 50);
  });
});
