/** May a replica send to a proxy that says where it stands? */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admit } from '../../../../control-plane/distribution/admission.ts';
import { position } from '../../../../harness/snapshots.ts';

const replica = position(10, { version: 100, replaces: ['first', 'replaced'] });
const at = (revision: number, version: number, fields = {}) => position(revision, { version, ...fields });
const seen = (hashAtRevision: string | null, now = replica) => ({ replica: now, hashAtRevision });

const CASES = [
  { name: 'a proxy that runs nothing is admitted', claimed: null, reading: null, is: 'admitted' },
  { name: 'one at the same revision is', claimed: at(10, 100), reading: null, is: 'admitted' },
  {
    name: 'one at the same revision of an earlier version is',
    claimed: at(10, 90),
    reading: null,
    is: 'admitted',
  },
  {
    name: 'one that is behind must be checked in the store',
    claimed: at(4, 40),
    reading: null,
    is: 'read-store',
  },
  {
    name: 'it is admitted when its commit is ours',
    claimed: at(4, 40),
    reading: seen('commit-4'),
    is: 'admitted',
  },
  { name: 'and when our log no longer has it', claimed: at(4, 40), reading: seen(null), is: 'admitted' },
  {
    name: 'and withheld when it is another',
    claimed: at(4, 40),
    reading: seen('x'),
    is: 'REASON_STORE_MISMATCH',
  },
  {
    name: 'another hash at our revision is another history',
    claimed: at(10, 100, { hash: 'x' }),
    reading: null,
    is: 'REASON_STORE_MISMATCH',
  },
  {
    name: 'one of a store that ours replaces is admitted at any revision',
    claimed: at(99, 999, { storeId: 'replaced' }),
    reading: null,
    is: 'admitted',
  },
  {
    name: 'another store is a mismatch at any revision',
    claimed: at(99, 999, { storeId: 'other' }),
    reading: null,
    is: 'REASON_STORE_MISMATCH',
  },
  {
    name: 'a later revision makes the replica read its store',
    claimed: at(11, 110),
    reading: null,
    is: 'read-store',
  },
  {
    name: 'a later version alone makes the replica read its store',
    claimed: at(10, 101),
    reading: null,
    is: 'read-store',
  },
  {
    name: 'a later revision after the reading means that this store is behind',
    claimed: at(11, 110),
    reading: seen(null),
    is: 'REASON_REPLICA_BEHIND',
  },
  {
    name: 'so does a later version',
    claimed: at(10, 101),
    reading: seen('commit-10'),
    is: 'REASON_REPLICA_BEHIND',
  },
] as const;

describe('admission', () => {
  for (const { name, claimed, reading, is } of CASES) {
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
