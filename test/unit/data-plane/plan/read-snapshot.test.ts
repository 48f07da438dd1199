import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSnapshot } from '../../../../data-plane/plan/read-snapshot.ts';
import * as make from '../../../../harness/snapshots.ts';

describe('a snapshot, read for a plan', () => {
  it('says how TLS to the backends of a pool begins', () => {
    const tls = { serverName: '', verify: true, ca: '' };
    const policy = make.policy('steady');
    const tlsOf = (pool: ReturnType<typeof make.pool>) =>
      readSnapshot(make.snapshot(1, policy, pool)).pools.map((read) => read.tls);
    assert.deepEqual(tlsOf(make.pool('web', 'steady')), [null]);
    assert.deepEqual(tlsOf(make.pool('web', 'steady', { tls })), [tls]);
  });
});
