/** Deltas and their parts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delta, splitDelta } from '../../../../control-plane/distribution/delta.ts';
import { backend, listener, pool, position, snapshot } from '../../../../harness/snapshots.ts';

const MIB = 1_048_576;
const web = snapshot(1, pool('web'), backend('web', '10.0.0.1:80'), listener('web', '0.0.0.0:80', 'web'));

describe('a delta', () => {
  it('between equal snapshots is empty and still has an end', () => {
    const again = { ...web, position: position(7) };
    const parts = splitDelta(delta(web, again), MIB);
    assert.deepEqual(parts, [
      {
        baseHash: web.hash,
        upserts: [],
        removals: [],
        end: { position: again.position, snapshotHash: web.hash },
      },
    ]);
  });
});

describe('the parts of a delta', () => {
  const backends = Array.from({ length: 20_000 }, (_, index) =>
    backend('web', `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80`),
  );
  const large = snapshot(2, pool('web'), ...backends);

  it('name the base in the first alone and the end in the last alone', () => {
    const parts = splitDelta(delta(web, large), MIB);
    assert.ok(parts.length > 2);
    assert.deepEqual(
      parts.map(({ baseHash, end }) => [baseHash !== '', end !== null]),
      parts.map((_, index) => [index === 0, index === parts.length - 1]),
    );
  });

  it('split removals too', () => {
    const parts = splitDelta(delta(large, snapshot(3, pool('web'))), 65_536);
    assert.ok(parts.length > 5);
    assert.equal(parts.flatMap(({ removals }) => removals).length, 20_000);
  });
});
