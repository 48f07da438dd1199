import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeChanges } from '../../../../core/model/difference.ts';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import { removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import { deleteListener } from '../../../../core/model/edits/listener.ts';
import { deletePool } from '../../../../core/model/edits/pool.ts';
import { emptyState } from '../../../../core/model/fold.ts';
import { after, stateOf } from '../../../../harness/state.ts';

const DRAFTS: Parameters<typeof stateOf>[0] = [
  {
    kind: 'pool',
    value: { name: 'web', backends: [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }] },
  },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
];
const STATE = stateOf(DRAFTS);
const words = (...states: Parameters<typeof describeChanges>) =>
  describeChanges(...states).map(({ action, kind, name }) => `${action} ${kind} ${name}`);

describe('describeChanges', () => {
  it('lists what was created, backends by themselves', () => {
    assert.deepEqual(words(emptyState('store'), STATE), [
      'created pool web',
      'created backend web/10.0.0.1:80',
      'created backend web/10.0.0.2:80',
      'created listener web',
    ]);
  });

  it('lists the backend, not its pool, when only a backend changed', () => {
    const next = after(STATE, updateBackend('web', { address: '10.0.0.1:80', weight: 9 }));
    const backend = (weight: number) => ({
      resource: { kind: 'backend', value: { pool: 'web', address: '10.0.0.1:80', weight, state: 'active' } },
      revision: weight === 1 ? 1 : 2,
    });
    const updated = { action: 'updated', kind: 'backend', name: 'web/10.0.0.1:80' };
    assert.deepEqual(describeChanges(STATE, next), [{ ...updated, before: backend(1), after: backend(9) }]);
    assert.deepEqual(words(STATE, after(STATE, removeBackends('web', ['10.0.0.2:80']))), [
      'deleted backend web/10.0.0.2:80',
    ]);
  });

  it('lists the backends of a deleted pool', () => {
    const next = after(after(STATE, deleteListener('web')), deletePool('web'));
    assert.deepEqual(words(STATE, next), [
      'deleted pool web',
      'deleted backend web/10.0.0.1:80',
      'deleted backend web/10.0.0.2:80',
      'deleted listener web',
    ]);
  });

  it('finds nothing between equal states, even where they are not the same objects', () => {
    assert.deepEqual(words(STATE, STATE), []);
    assert.deepEqual(words(STATE, stateOf(DRAFTS)), []);
  });

  it('says that the built-in policy was updated when it returns to what was delivered', () => {
    const edited = stateOf([{ kind: 'policy', value: { name: 'default', strategy: 'random' } }]);
    assert.deepEqual(words(edited, after(edited, applyResources([], { prune: true }))), [
      'updated policy default',
    ]);
  });
});
