/** What a change does, field by field. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeRows } from '../../../../control-plane/dashboard/change-rows.ts';
import { describeChanges } from '../../../../core/model/difference.ts';
import { differenceToWire } from '../../../../core/wire/change-codec.ts';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { stateOf } from '../../../../harness/state.ts';

type Drafts = Parameters<typeof stateOf>[0];

/** As they come back from a method: through the wire. */
function rows(before: Drafts, after: Drafts) {
  const changes = describeChanges(stateOf(before), stateOf(after)).map(differenceToWire);
  const { responseSerialize, responseDeserialize } = loadDefinitions().services.config.DiffRevisions;
  return changeRows(responseDeserialize(responseSerialize({ changes })).changes);
}

const pool = (weight: number) =>
  ({ kind: 'pool', value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight }] } }) as const;

describe('the rows of a change', () => {
  it('have the fields that differ, and no other', () => {
    assert.deepEqual(rows([pool(1)], [pool(3)]), [
      {
        action: 'updated',
        kind: 'backend',
        name: 'web/10.0.0.1:80',
        fields: [{ field: 'weight', before: '1', after: '3' }],
      },
    ]);
  });

  it('have every field of what was created or deleted, but those in its name', () => {
    const [created] = rows([{ kind: 'pool', value: { name: 'web', backends: [] } }], [pool(2)]);
    assert.deepEqual(
      [created?.action, created?.fields],
      [
        'created',
        [
          { field: 'weight', before: null, after: '2' },
          { field: 'state', before: null, after: 'active' },
        ],
      ],
    );
    const [deleted] = rows([pool(2)], [{ kind: 'pool', value: { name: 'web', backends: [] } }]);
    assert.deepEqual(deleted?.fields[0], { field: 'weight', before: '2', after: null });
  });

  it('name the fields as lbctl does, with durations as people write them', () => {
    const policy = (intervalMs: number) =>
      ({ kind: 'policy', value: { name: 'p', healthCheck: { intervalMs, timeoutMs: 500 } } }) as const;
    const [row] = rows([policy(1_000)], [policy(90_000)]);
    assert.deepEqual(row?.fields, [{ field: 'health_check.interval', before: '1s', after: '1m30s' }]);
  });
});
