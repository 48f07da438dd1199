import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backwardViolations } from '../../../../data-plane/subscription/never-backwards.ts';
import { position } from '../../../../harness/snapshots.ts';

const running = position(5, { version: 50 });

describe('never backwards', () => {
  const allowed = [
    ['the same position again', running],
    ['a later revision', position(6, { version: 51 })],
    [
      'an earlier revision of a store that takes the place of the one it came from',
      position(1, { version: 2, storeId: 'new', replaces: ['x', running.storeId] }),
    ],
    ['a later version of the same revision', position(5, { version: 60 })],
  ] as const;
  for (const [what, next] of allowed) {
    it(`allows ${what}`, () => assert.deepEqual(backwardViolations(running, next), []));
  }

  const refused = [
    ['another store', position(6, { version: 51, storeId: 'other' }), 'position.store_id'],
    [
      'a store that takes the place of others',
      position(6, { version: 51, storeId: 'other', replaces: ['x'] }),
      'position.store_id',
    ],
    ['an earlier revision', position(4, { version: 51 }), 'position.revision'],
    ['another history', position(5, { version: 51, hash: 'fork' }), 'position.hash'],
    ['an earlier version', position(6, { version: 49 }), 'position.version'],
  ] as const;
  for (const [what, next, field] of refused) {
    it(`refuses ${what}, and says what to do`, () => {
      const [violation, ...others] = backwardViolations(running, next);
      assert.equal(violation?.field, field);
      assert.match(violation?.description ?? '', /accept the store: lbctl store adopt/);
      assert.deepEqual(others, []);
    });
  }

  it('takes anything when nothing runs', () => {
    assert.deepEqual(backwardViolations(null, position(1, { storeId: 'other' })), []);
  });
});
