import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PolicyDraft, PoolDraft } from '../../../../core/model/draft.ts';
import type { Difference } from '../../../../core/model/difference.ts';
import { keyOf, nameOf } from '../../../../core/model/resources.ts';
import type { Violation } from '../../../../core/model/violation.ts';
import { differenceFromWire, differenceToWire } from '../../../../core/wire/change-codec.ts';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { durationFromWire } from '../../../../core/wire/duration-codec.ts';
import { resourceDraftFromWire, resourceDraftToWire } from '../../../../core/wire/resource-codec.ts';
import {
  positionFromWire,
  positionToWire,
  snapshotEntryFromWire,
  snapshotEntryToWire,
} from '../../../../core/wire/snapshot-codec.ts';
import { timestampToWire } from '../../../../core/wire/timestamp-codec.ts';
import { resource } from '../../../../harness/arbitraries.ts';

const { services } = loadDefinitions();
const apply = services.config.Apply;
const stream = services.discovery.StreamSnapshots;

/** Through real bytes, as between two programs. */
function overTheWire(draft: Parameters<typeof resourceDraftToWire>[0], violations: Violation[]) {
  const bytes = apply.requestSerialize({ resources: [resourceDraftToWire(draft)] });
  const [received] = apply.requestDeserialize(bytes).resources;
  assert.ok(received);
  return resourceDraftFromWire(received, 'resources[0]', violations);
}

describe('the codecs', () => {
  it('carry every complete resource as it is', () => {
    fc.assert(
      fc.property(resource, (value) => {
        const entry = { key: keyOf(value), hash: 'h', resource: value };
        const bytes = stream.responseSerialize({ part: { upserts: [snapshotEntryToWire(entry)] } });
        const [received] = stream.responseDeserialize(bytes).part?.upserts ?? [];
        assert.ok(received);
        const violations: Violation[] = [];
        assert.deepEqual(snapshotEntryFromWire(received, violations), entry);
        assert.deepEqual(violations, []);
      }),
    );
  });

  it('keep what a draft leaves out left out, and zero apart from absent', () => {
    const policy: PolicyDraft = { name: 'p', healthCheck: { type: 'none' }, timeouts: { idleMs: 0 } };
    const pool: PoolDraft = {
      name: 'w',
      backends: [{ address: '10.0.0.1:80', weight: 0 }, { address: 'x' }],
    };
    assert.deepEqual(overTheWire({ kind: 'policy', value: policy }, []), { kind: 'policy', value: policy });
    assert.deepEqual(overTheWire({ kind: 'pool', value: pool }, []), { kind: 'pool', value: pool });
  });

  it('name an enum value that this program does not know, with its path', () => {
    const bytes = apply.requestSerialize({ resources: [{ policy: { name: 'p', strategy: 77 as 1 } }] });
    const [received] = apply.requestDeserialize(bytes).resources;
    const violations: Violation[] = [];
    assert.ok(received);
    resourceDraftFromWire(received, 'resources[0]', violations);
    assert.equal(violations[0]?.field, 'policies[p].strategy');
    assert.match(violations[0].description, /77 .*round_robin/);
  });

  it('refuse a resource that says nothing', () => {
    const violations: Violation[] = [];
    const empty = apply.requestDeserialize(apply.requestSerialize({ resources: [{}] })).resources[0];
    assert.ok(empty);
    assert.equal(resourceDraftFromWire(empty, 'resources[3]', violations), undefined);
    assert.equal(violations[0]?.field, 'resources[3]');
  });

  it('never turn a small duration into 0, which means never', () => {
    assert.equal(durationFromWire({ seconds: '0', nanos: 1 }), 1);
    assert.equal(durationFromWire({ seconds: '-1', nanos: 0 }), -1_000);
    assert.equal(durationFromWire({ seconds: '90', nanos: 500_000_000 }), 90_500);
  });

  it('split milliseconds into seconds and nanoseconds', () => {
    assert.deepEqual(timestampToWire(1_700_000_000_123), { seconds: '1700000000', nanos: 123_000_000 });
  });

  it('carry positions exactly', () => {
    const position = { storeId: 's', version: Number.MAX_SAFE_INTEGER, revision: 42, hash: 'abc' };
    const bytes = stream.requestSerialize({ subscribe: { position: positionToWire(position) } });
    const received = stream.requestDeserialize(bytes).subscribe?.position;
    assert.ok(received);
    assert.deepEqual(positionFromWire(received), position);
  });
});

describe('the change codec', () => {
  it('carries every difference as it is', () => {
    const revised = fc.tuple(resource, fc.nat()).map(([value, revision]) => ({ resource: value, revision }));
    fc.assert(
      fc.property(revised, fc.constantFrom('created', 'updated', 'deleted'), (one, action) => {
        const difference: Difference = {
          action,
          kind: one.resource.kind,
          name: nameOf(one.resource),
          ...(action !== 'created' && { before: one }),
          ...(action !== 'deleted' && { after: one }),
        };
        const bytes = apply.responseSerialize({ changes: [differenceToWire(difference)] });
        const [received] = apply.responseDeserialize(bytes).changes;
        assert.ok(received);
        assert.deepEqual(differenceFromWire(received, []), difference);
      }),
    );
  });
});
