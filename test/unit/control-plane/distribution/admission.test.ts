/** May a replica send snapshots to a proxy that runs a given position? */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admit } from '../../../../control-plane/distribution/admission.ts';
import { position } from '../../../../harness/snapshots.ts';

const replica = position(10, { version: 100, replaces: ['first', 'replaced'] });
const at = (revision: number, version: number, fields = {}) => position(revision, { version, ...fields });
const seen = (hashAtRevision: string | null, now = replica) => ({ replica: now, hashAtRevision });

const CASES = [
  ['a proxy that runs nothing is admitted', null, null, 'admitted'],
  ['one at the same revision is', at(10, 100), null, 'admitted'],
  ['one at the same revision of an earlier version is', at(10, 90), null, 'admitted'],
  ['one that is behind must be checked in the store', at(4, 40), null, 'read-store'],
  ['it is admitted when its commit is ours', at(4, 40), seen('commit-4'), 'admitted'],
  ['and when our log no longer has it', at(4, 40), seen(null), 'admitted'],
  ['and withheld when it is another', at(4, 40), seen('x'), 'REASON_STORE_MISMATCH'],
  [
    'another hash at our revision is another history',
    at(10, 100, { hash: 'x' }),
    null,
    'REASON_STORE_MISMATCH',
  ],
  [
    'one of a store that ours replaces is admitted at any revision',
    at(99, 999, { storeId: 'replaced' }),
    null,
    'admitted',
  ],
  [
    'another store is a mismatch at any revision',
    at(99, 999, { storeId: 'other' }),
    null,
    'REASON_STORE_MISMATCH',
  ],
  ['a later revision makes the replica read its store', at(11, 110), null, 'read-store'],
  ['a later version alone makes the replica read its store', at(10, 101), null, 'read-store'],
  [
    'a later revision after the reading means that this store is behind',
    at(11, 110),
    seen(null),
    'REASON_REPLICA_BEHIND',
  ],
  ['so does a later version', at(10, 101), seen('commit-10'), 'REASON_REPLICA_BEHIND'],
] as const;

describe('admission', () => {
  for (const [name, claimed, reading, is] of CASES) {
    it(name, () => {
      const admission = admit(claimed, reading?.replica ?? replica, reading);
      assert.equal(admission.verdict === 'withheld' ? admission.reason : admission.verdict, is);
    });
  }

  it('says what to do about another store', () => {
    const admission = admit(at(1, 1, { storeId: 'other' }), replica, null);
    assert.match(
      admission.verdict === 'withheld' ? admission.detail : '',
      /store other.*store store.*lbctl store adopt/,
    );
  });
});
