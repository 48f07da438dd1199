/** What a change does, field by field. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeView } from '../../../../core/view/difference.ts';
import { describeChanges } from '../../../../core/model/difference.ts';
import { differenceToWire } from '../../../../core/wire/change-codec.ts';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { stateOf } from '../../../../harness/state.ts';

type Drafts = Parameters<typeof stateOf>[0];

/** As they come from a control plane. */
function views(before: Drafts, after: Drafts) {
  const changes = describeChanges(stateOf(before), stateOf(after)).map(differenceToWire);
  const { responseSerialize, responseDeserialize } = loadDefinitions().services.config.DiffRevisions;
  return responseDeserialize(responseSerialize({ changes })).changes.map(changeView);
}

const pool = (weight: number) =>
  ({ kind: 'pool', value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight }] } }) as const;

describe('the view of a change', () => {
  it('has the fields that differ, and both resources with every field, what names them first', () => {
    const before = { pool: 'web', address: '10.0.0.1:80', weight: 1, state: 'active' };
    const [view, ...others] = views([pool(1)], [pool(3)]);
    assert.deepEqual(view, {
      action: 'updated',
      kind: 'backend',
      name: 'web/10.0.0.1:80',
      before,
      after: { ...before, weight: 3 },
      fields: [{ field: 'weight', before: '1', after: '3' }],
    });
    assert.deepEqual(Object.keys(view.before ?? {}), Object.keys(before));
    assert.deepEqual(others, []);
  });

  it('has no action when it comes from a newer control plane', () => {
    const [view] = [
      { kind: 'quota', name: 'a', action: 'ACTION_CREATED' as const, before: null, after: null },
    ].map(changeView);
    assert.deepEqual([view?.action, view?.kind, view?.fields], [null, 'quota', []]);
  });

  it('has every field of what was created or deleted, but its name', () => {
    const [created] = views([{ kind: 'pool', value: { name: 'web', backends: [] } }], [pool(2)]);
    assert.deepEqual(
      [created?.action, created?.fields],
      [
        'created',
        [
          { field: 'pool', before: null, after: 'web' },
          { field: 'weight', before: null, after: '2' },
          { field: 'state', before: null, after: 'active' },
        ],
      ],
    );
    const [deleted] = views([pool(2)], [{ kind: 'pool', value: { name: 'web', backends: [] } }]);
    assert.deepEqual(deleted?.fields[1], { field: 'weight', before: '2', after: null });
  });

  it('names the fields as manifests do, with durations as people write them', () => {
    const policy = (intervalMs: number) =>
      ({ kind: 'policy', value: { name: 'p', healthCheck: { intervalMs, timeoutMs: 500 } } }) as const;
    const [view] = views([policy(1_000)], [policy(90_000)]);
    assert.deepEqual(view?.fields, [{ field: 'health_check.interval', before: '1s', after: '1m30s' }]);
  });
});
