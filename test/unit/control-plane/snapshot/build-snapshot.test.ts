/** Building a snapshot from a state. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildSnapshot } from '../../../../control-plane/snapshot/build-snapshot.ts';
import { createListener } from '../../../../core/model/edits/listener.ts';
import { updateBackend } from '../../../../core/model/edits/backend.ts';
import { emptyState } from '../../../../core/model/fold.ts';
import { contentHash, snapshotHash } from '../../../../core/model/hash.ts';
import type { State } from '../../../../core/model/state.ts';
import { after, stateOf } from '../../../../harness/state.ts';

const at = (state: State) => ({ ...state.head, version: state.head.revision + 100 });

const web = stateOf([
  {
    kind: 'pool',
    value: { name: 'web', backends: [{ address: '10.0.0.2:80' }, { address: '10.0.0.1:80', weight: 3 }] },
  },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
]);

describe('a snapshot', () => {
  it('holds every resource by itself, sorted by key, and the built-in policy even of an empty store', () => {
    const keysOf = (state: State) => [...buildSnapshot(state, at(state)).entries.keys()];
    assert.deepEqual(keysOf(web), [
      'backend/web/10.0.0.1:80',
      'backend/web/10.0.0.2:80',
      'listener/web',
      'policy/default',
      'pool/web',
    ]);
    assert.deepEqual(keysOf(emptyState('store')), ['policy/default']);
  });

  it('has its position, and hashes each resource by its content and itself by those hashes', () => {
    const { position, entries, hash } = buildSnapshot(web, at(web));
    assert.deepEqual(position, at(web));
    for (const entry of entries.values()) assert.equal(entry.hash, contentHash(entry.resource));
    assert.equal(hash, snapshotHash(entries.values()));
  });

  it('shares the entries of what did not change with the one before', () => {
    const changed = after(web, updateBackend('web', { address: '10.0.0.1:80', weight: 9 }));
    const [first, second] = [buildSnapshot(web, at(web)), buildSnapshot(changed, at(changed))];
    const shared = [...second.entries].filter(([key, entry]) => first.entries.get(key) === entry);
    assert.deepEqual(
      shared.map(([key]) => key),
      ['backend/web/10.0.0.2:80', 'listener/web', 'policy/default', 'pool/web'],
    );
  });

  it('has another hash when anything changed', () => {
    const changed = after(web, createListener({ name: 'other', address: '0.0.0.0:81', pool: 'web' }));
    assert.notEqual(buildSnapshot(changed, at(changed)).hash, buildSnapshot(web, at(web)).hash);
  });
});
