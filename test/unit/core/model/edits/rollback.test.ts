import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change } from '../../../../../core/model/commit.ts';
import { applyResources } from '../../../../../core/model/edits/apply.ts';
import { removeBackends, updateBackend } from '../../../../../core/model/edits/backend.ts';
import { deleteListener } from '../../../../../core/model/edits/listener.ts';
import { deletePool } from '../../../../../core/model/edits/pool.ts';
import { rollbackTo } from '../../../../../core/model/edits/rollback.ts';
import { applyCommit } from '../../../../../core/model/fold.ts';
import type { State } from '../../../../../core/model/state.ts';
import { after, commitOn, refusalOf, stateOf } from '../../../../../harness/state.ts';

const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const first = stateOf([
  { kind: 'pool', value: { name: 'web', backends: [{ address: A, weight: 2 }, { address: B }] } },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
]);

const notesOf = (then: State, now: State) => {
  const result = rollbackTo(then)(now);
  assert.ok(result.ok);
  return result.notes;
};
describe('rollback', () => {
  it('leaves the state of each backend that exists as it is, and says so', () => {
    const now = after(first, updateBackend('web', { address: A, weight: 9, state: 'draining' }));
    const back = after(now, rollbackTo(first));
    assert.deepEqual(back.pools.get('web')?.backends.get(A)?.value, {
      pool: 'web',
      address: A,
      weight: 2,
      state: 'draining',
    });
    assert.deepEqual(notesOf(first, now), [
      'a rollback does not change the state of existing backends; these were kept: web/10.0.0.1:80 (draining, was active)',
    ]);
  });

  it('gives a backend that it brings back the state it had, and says so', () => {
    const then = after(first, updateBackend('web', { address: B, state: 'disabled' }));
    const without = after(then, removeBackends('web', [B]));
    assert.equal(after(without, rollbackTo(then)).pools.get('web')?.backends.get(B)?.value.state, 'disabled');
    assert.deepEqual(notesOf(then, without), [
      'these backends were restored with the state that they had at revision 2: web/10.0.0.2:80 (disabled)',
    ]);
    const gone = after(after(then, deleteListener('web')), deletePool('web'));
    assert.equal(after(gone, rollbackTo(then)).pools.get('web')?.backends.get(B)?.value.state, 'disabled');
  });

  it('names a few backends and counts the others', () => {
    const backends = Array.from({ length: 30 }, (_, at) => ({ address: `10.0.1.${at}:80` }));
    const then = stateOf([{ kind: 'pool', value: { name: 'web', backends } }]);
    const drained = backends.map((one) => ({ ...one, state: 'draining' as const }));
    const now = after(
      then,
      applyResources([{ kind: 'pool', value: { name: 'web', backends: drained } }], { prune: false }),
    );
    assert.match(notesOf(then, now)?.[0] ?? '', /10\.0\.1\.9:80 \(draining, was active\) and 20 more$/);
  });

  it('refuses whole, with every reason, what is no longer valid', () => {
    // As an older program may have written it.
    const backend = (address: string, weight: number): Change => ({
      op: 'put',
      resource: { kind: 'backend', value: { pool: 'web', address, weight, state: 'active' } },
    });
    const then = applyCommit(first, commitOn(first, [backend(A, 5_000), backend('10.0.0.3:80', -1)]));
    const now = applyCommit(
      then,
      commitOn(then, [backend(A, 1), { op: 'delete', kind: 'backend', name: 'web/10.0.0.3:80' }]),
    );
    const { code, message, violations } = refusalOf(now, rollbackTo(then));
    assert.equal(code, 'FAILED_PRECONDITION');
    assert.match(message, /^Revision 2 can't be restored: it has 2 violations today; nothing was changed\./);
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['pools[web].backends[10.0.0.1:80].weight', 'pools[web].backends[10.0.0.3:80].weight'],
    );
  });
});
