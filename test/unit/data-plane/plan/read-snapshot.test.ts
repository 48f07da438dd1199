import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSnapshot } from '../../../../data-plane/plan/read-snapshot.ts';
import * as make from '../../../../harness/snapshots.ts';

describe('a snapshot, read for a plan', () => {
  it('leads nowhere in the clear where a pool wants TLS to its backends', () => {
    const tls = { serverName: '', verify: true, ca: '' };
    const [policy, plain] = [make.policy('steady'), make.pool('web', 'steady')];
    const backend = make.backend('web', '10.0.0.1:80');
    const countIn = (pool: typeof plain) =>
      readSnapshot(make.snapshot(1, policy, pool, backend)).pools.map(({ backends }) => backends.length);
    assert.deepEqual(countIn(plain), [1]);
    assert.deepEqual(countIn(make.pool('web', 'steady', { tls })), [0]);
  });
});
