import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { describe, it } from 'node:test';
import {
  decodeCommit,
  decodeHead,
  encodeCommit,
  encodeHead,
} from '../../../../../control-plane/store/log/commit-codec.ts';
import type { Commit } from '../../../../../core/model/commit.ts';
import { emptyState } from '../../../../../core/model/fold.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';
import { commitOn } from '../../../../../harness/state.ts';

const commit = (message = ''): Commit => ({ ...commitOn(emptyState('s'), []), message });
const refuses = (read: () => unknown, words: RegExp) =>
  assert.throws(read, (error) => {
    assert.ok(error instanceof LbError);
    assert.equal(error.code, 'FAILED_PRECONDITION');
    assert.match(error.message, words);
    return true;
  });

describe('commits as bytes', () => {
  it('start with their format, and small ones are readable JSON', () => {
    const bytes = encodeCommit(commit());
    assert.deepEqual([...bytes.subarray(0, 2)], [1, 0]);
    assert.deepEqual(JSON.parse(bytes.subarray(2).toString()), commit());
    assert.deepEqual(decodeCommit(bytes, 'here'), commit());
  });

  it('are deflated when they are large', () => {
    const large = commit('long '.repeat(10_000));
    const bytes = encodeCommit(large);
    assert.ok(bytes.length < 1_000, `${bytes.length}`);
    assert.deepEqual(decodeCommit(bytes, 'here'), large);
  });

  it('of another format are refused, in words', () => {
    refuses(
      () => decodeCommit(Buffer.from([9, 0]), 'log/7'),
      /log\/7 is written in format 9, and this program reads formats up to 3/,
    );
    refuses(() => decodeCommit(Buffer.alloc(0), 'log/7'), /format undefined/);
  });

  it('that are damaged are refused, in words', () => {
    const bytes = encodeCommit(commit('long '.repeat(10_000)));
    refuses(() => decodeCommit(bytes.subarray(0, -5), 'log/7'), /log\/7 can't be read .* damaged or foreign/);
    refuses(() => decodeCommit(Buffer.from([1, 0, 0x7b]), 'log/7'), /log\/7 can't be read/);
  });

  it('do not inflate without bound', () => {
    const bomb = Buffer.concat([Buffer.from([1, 1]), deflateRawSync(Buffer.alloc(257 * 1_048_576))]);
    refuses(() => decodeCommit(bomb, 'log/7'), /log\/7 can't be read/);
  });
});

describe('heads as bytes', () => {
  it('are equal when the heads are, and read back', () => {
    const bytes = encodeHead({ storeId: 's', revision: 3, hash: 'h' });
    const same = { version: 9, hash: 'h', revision: 3, storeId: 's' };
    assert.ok(bytes.equals(encodeHead(same)));
    assert.deepEqual(decodeHead(bytes, 'head'), { storeId: 's', revision: 3, hash: 'h' });
  });

  it('that are damaged are refused, in words', () => {
    for (const text of ['', '{}', '{"storeId":"s","revision":"3","hash":"h"}', 'null']) {
      refuses(() => decodeHead(Buffer.from(text), 'the head'), /the head can't be read/);
    }
  });
});
