import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change, Head } from '../../../../core/model/commit.ts';
import { adoptStore } from '../../../../core/model/edits/adopt.ts';
import { applyCommits } from '../../../../core/model/fold.ts';
import { headAfter, originOf, takesPlaceOf } from '../../../../core/model/store-succession.ts';
import { changesOf, commitOn, stateOf } from '../../../../harness/state.ts';

const head: Head = { storeId: 'a', revision: 4, hash: 'h4' };
const commit = (revision: number, ...changes: readonly Change[]) => ({
  revision,
  hash: `h${revision}`,
  changes,
});
const adopt = (storeId: string, ...replaces: readonly string[]): Change => ({
  op: 'adopt',
  storeId,
  replaces,
});

describe('a store that takes the place of others', () => {
  it('has a new id in its head, and all those that it replaces, its first one first', () => {
    assert.deepEqual(headAfter(head, [commit(5)]), { storeId: 'a', revision: 5, hash: 'h5' });
    const once = headAfter(head, [commit(5, adopt('b', 'a', 'x')), commit(6)]);
    assert.deepEqual(once, { storeId: 'b', revision: 6, hash: 'h6', replaces: ['a', 'x'] });
    const twice = headAfter(once, [commit(7, adopt('c', 'b'))]);
    assert.deepEqual(twice, { storeId: 'c', revision: 7, hash: 'h7', replaces: ['a', 'x', 'b'] });
    assert.deepEqual([head, once, twice].map(originOf), ['a', 'a', 'a']);
    assert.deepEqual(
      ['a', 'x', 'b', 'c', 'y'].map((id) => takesPlaceOf(twice, id)),
      [true, true, true, true, false],
    );
  });

  it('is made by an edit that names its own id and what is not replaced yet', () => {
    const state = stateOf([]);
    const own = state.head.storeId;
    const edit = adoptStore({ storeId: 'new', replaces: ['x', own, 'x'], force: true });
    const changes = changesOf(state, edit);
    assert.deepEqual(changes, [adopt('new', own, 'x')]);
    const next = applyCommits(state, [commitOn(state, changes, 'r')]);
    assert.deepEqual(next.head.replaces, [own, 'x']);
    const again = adoptStore({ storeId: 'newer', replaces: ['x', own, 'new', 'y'], force: true });
    assert.deepEqual(changesOf(next, again), [adopt('newer', 'new', 'y')]);
  });

  it('is refused when it serves nothing, unless forced', () => {
    const result = adoptStore({ storeId: 'new', replaces: [], force: false })(stateOf([]));
    assert.ok(!result.ok);
    assert.equal(result.refusal.code, 'FAILED_PRECONDITION');
    assert.match(result.refusal.message, /has no listener at revision \d+.*apply a backup.*force/);
  });
});
