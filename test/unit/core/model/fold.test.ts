import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change } from '../../../../core/model/commit.ts';
import { applyCommit, emptyState } from '../../../../core/model/fold.ts';
import { genesisHash } from '../../../../core/model/hash.ts';
import type { State } from '../../../../core/model/state.ts';
import { commitOn } from '../../../../harness/state.ts';

const backend = (address: string, weight = 1): Change => ({
  op: 'put',
  resource: { kind: 'backend', value: { pool: 'web', address, weight, state: 'active' } },
});
const POOL: Change = { op: 'put', resource: { kind: 'pool', value: { name: 'web', policy: 'default' } } };

function fold(...steps: Change[][]) {
  return steps.reduce((state, changes) => applyCommit(state, commitOn(state, changes)), emptyState('s'));
}

describe('the fold', () => {
  it('starts with the built-in policy, revision 0 and a hash that only this store has', () => {
    const state = emptyState('s');
    assert.deepEqual(state.head, { storeId: 's', revision: 0, hash: genesisHash('s') });
    assert.notEqual(genesisHash('s'), genesisHash('another'));
    assert.deepEqual([...state.policies.keys()], ['default']);
    assert.equal(state.policies.get('default')?.revision, 0);
  });

  it('gives each resource the revision that last changed it, a pool that of its backends', () => {
    const state = fold([POOL, backend('a')], [backend('b')], [backend('b', 2)]);
    const pool = state.pools.get('web');
    assert.equal(state.head.revision, 3);
    assert.equal(pool?.revision, 3);
    assert.equal(pool?.backends.get('a')?.revision, 1);
    assert.deepEqual(pool?.backends.get('b'), {
      value: { pool: 'web', address: 'b', weight: 2, state: 'active' },
      revision: 3,
      stateSinceMs: 0,
    });
  });

  it('keeps the time at which the state of a backend was last changed, whatever else changes', () => {
    const put = (weight: number, state: 'active' | 'draining'): Change => {
      return {
        op: 'put',
        resource: { kind: 'backend', value: { pool: 'web', address: 'a', weight, state } },
      };
    };
    const times: (number | undefined)[] = [];
    let state = fold([POOL]);
    for (const [timeMs, change] of [
      [10, put(1, 'active')],
      [20, put(2, 'active')],
      [30, put(2, 'draining')],
      [40, put(3, 'draining')],
      [50, put(3, 'active')],
    ] as const) {
      state = applyCommit(state, { ...commitOn(state, [change]), timeMs });
      times.push(state.pools.get('web')?.backends.get('a')?.stateSinceMs);
    }
    assert.deepEqual(times, [10, 10, 30, 30, 50]);
  });

  it('deletes the backends of a pool with it', () => {
    const state = fold([POOL, backend('a')], [{ op: 'delete', kind: 'pool', name: 'web' }, POOL]);
    assert.equal(state.pools.get('web')?.backends.size, 0);
    const gone: Change = { op: 'delete', kind: 'pool', name: 'web' };
    const names = (folded: State) => [...(folded.pools.get('web')?.backends.keys() ?? [])];
    // In one commit as in several: the pool that is made again has only what it is given.
    assert.deepEqual(names(fold([POOL, backend('a'), gone, POOL, backend('b')])), ['b']);
    assert.deepEqual(names(fold([POOL, backend('a')], [gone], [POOL], [backend('b')])), ['b']);
  });

  it('keeps the backends of a pool that is put again', () => {
    assert.equal(fold([POOL, backend('a')], [POOL]).pools.get('web')?.backends.size, 1);
  });

  it('brings the built-in policy back when it is deleted', () => {
    const built = emptyState('s').policies.get('default');
    assert.ok(built);
    const edited = fold([
      { op: 'put', resource: { kind: 'policy', value: { ...built.value, strategy: 'random' } } },
    ]);
    assert.equal(edited.policies.get('default')?.value.strategy, 'random');
    const commit = commitOn(edited, [{ op: 'delete', kind: 'policy', name: 'default' }]);
    assert.deepEqual(applyCommit(edited, commit).policies.get('default'), built);
  });

  it('leaves the state it was given as it was, and shares what did not change', () => {
    const before = fold([POOL, backend('a')]);
    const after = applyCommit(before, commitOn(before, [backend('b')]));
    assert.equal(before.pools.get('web')?.backends.size, 1);
    assert.equal(after.pools.get('web')?.backends.size, 2);
    assert.equal(after.policies, before.policies);
    assert.equal(after.pools.get('web')?.backends.get('a'), before.pools.get('web')?.backends.get('a'));
  });

  it('never throws, and skips what it does not know or can not place', () => {
    const before = fold([POOL]);
    const strange = [
      { op: 'rename', kind: 'pool', name: 'web' },
      { op: 'put', resource: { kind: 'quota', value: { name: 'x' } } },
      { op: 'delete', kind: 'quota', name: 'x' },
      { op: 'delete', kind: 'backend', name: 'no-slash' },
      { op: 'delete', kind: 'backend', name: 'gone/a' },
      { op: 'delete', kind: 'listener', name: 'gone' },
    ] as unknown as Change[];
    const orphan: Change = {
      op: 'put',
      resource: { kind: 'backend', value: { pool: 'gone', address: 'a', weight: 1, state: 'active' } },
    };
    const after = applyCommit(before, commitOn(before, [...strange, orphan]));
    assert.equal(after.head.revision, 2);
    assert.deepEqual([...after.pools], [...before.pools]);
    assert.deepEqual([...after.listeners], []);
  });
});
