import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { completePolicy } from '../../../../core/model/draft.ts';
import type { Commit } from '../../../../core/model/commit.ts';
import {
  canonicalJson,
  commitHash,
  contentHash,
  genesisHash,
  requestDigest,
  sealCommit,
  snapshotHash,
} from '../../../../core/model/hash.ts';

const CONTENT: Omit<Commit, 'hash'> = {
  format: 1,
  revision: 1,
  parent: genesisHash('store'),
  timeMs: 5,
  author: 'somebody',
  message: '',
  requestId: 'r',
  requestDigest: 'd',
  changes: [{ op: 'delete', kind: 'pool', name: 'web' }],
};

const DEFAULT_POLICY_HASH = 'd116b7832424419c8e42a7e29a23e56224b2e1b05fb7e4c823d2129c515b9137';

describe('content hashes', () => {
  it('do not depend on the order of fields, nor on fields that are undefined', () => {
    assert.equal(canonicalJson({ b: [1, { d: 2, c: undefined }], a: 'x' }), '{"a":"x","b":[1,{"d":2}]}');
    assert.equal(contentHash({ a: 1, b: 2 }), contentHash({ b: 2, a: 1 }));
    assert.notEqual(contentHash({ a: 1 }), contentHash({ a: '1' }));
  });

  it('of a policy that says nothing new are what they were before there was more to say', () => {
    const policy = completePolicy({ name: 'default' });
    assert.equal(contentHash(policy), DEFAULT_POLICY_HASH);
    assert.equal(
      contentHash(completePolicy({ name: 'default', connectionLog: { oneIn: 1 } })),
      DEFAULT_POLICY_HASH,
    );
  });

  it('of a commit cover every field but the hash', () => {
    const commit = sealCommit(CONTENT);
    assert.equal(commitHash(commit), commit.hash);
    const others: Partial<Commit>[] = [
      { revision: 2 },
      { parent: 'x' },
      { timeMs: 6 },
      { author: 'else' },
      { message: 'm' },
      { requestId: 's' },
      { requestDigest: 'e' },
      { changes: [] },
      { format: 2 },
    ];
    for (const other of others) assert.notEqual(commitHash({ ...commit, ...other }), commit.hash);
  });

  it('of a request cover what is asked, and the method', () => {
    assert.equal(
      requestDigest('CreatePool', { name: 'a', x: 1 }),
      requestDigest('CreatePool', { x: 1, name: 'a' }),
    );
    assert.notEqual(requestDigest('CreatePool', { name: 'a' }), requestDigest('DeletePool', { name: 'a' }));
  });

  it('of a snapshot are over "KEY HASH\\n" in the order of keys', () => {
    const expected = createHash('sha256').update('a 2\nb 1\n').digest('hex');
    assert.equal(
      snapshotHash([
        { key: 'b', hash: '1' },
        { key: 'a', hash: '2' },
      ]),
      expected,
    );
  });
});
