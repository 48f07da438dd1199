import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { delta, splitDelta } from '../../../../control-plane/distribution/delta.ts';
import { nameOf, type Resource } from '../../../../core/model/resources.ts';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { positionToWire, snapshotEntryToWire } from '../../../../core/wire/snapshot-codec.ts';
import { assemble } from '../../../../data-plane/subscription/assemble-snapshot.ts';
import {
  collect,
  type CollectedParts,
  deltaPartFromWire,
} from '../../../../data-plane/subscription/delta-part.ts';
import * as arbitrary from '../../../../harness/arbitraries.ts';
import * as make from '../../../../harness/snapshots.ts';

/** Valid resources without `default`: pools of a few policies, backends and listeners of those pools. */
const resources: fc.Arbitrary<Resource[]> = fc
  .record({
    policies: fc.uniqueArray(arbitrary.policy, { selector: (each) => each.name, maxLength: 4 }),
    pools: fc.uniqueArray(arbitrary.name, { maxLength: 4 }),
    backends: fc.array(arbitrary.backend, { maxLength: 12 }),
    listeners: fc.uniqueArray(fc.record({ name: arbitrary.name, address: arbitrary.address }), {
      selector: (each) => each.name,
      maxLength: 4,
    }),
    choice: fc.infiniteStream(fc.nat()),
  })
  .map(({ policies, pools, backends, listeners, choice }) => {
    const of = <T>(items: readonly T[]) => items[(choice.next().value ?? 0) % items.length] as T;
    const named = policies.filter(({ name }) => name !== 'default');
    const result: Resource[] = named.map((value) => ({ kind: 'policy', value }));
    for (const name of pools) {
      result.push(make.pool(name, of(['default', ...named.map((policy) => policy.name)])));
    }
    if (pools.length === 0) return result;
    const seen = new Set<string>();
    const put = (resource: Resource, unique: string) => {
      if (!seen.has(unique)) result.push(resource);
      seen.add(unique);
    };
    for (const value of backends) {
      const resource: Resource = { kind: 'backend', value: { ...value, pool: of(pools) } };
      put(resource, nameOf(resource));
    }
    for (const { name, address } of listeners) put(make.listener(name, address, of(pools)), address);
    return result;
  });

/** What a proxy makes of a delta that really went over the wire. */
function receive(current: Snapshot | null, base: Snapshot | null, target: Snapshot, maxBytes: number) {
  const { responseSerialize, responseDeserialize } = loadDefinitions().services.discovery.StreamSnapshots;
  let collected: CollectedParts | null = null;
  for (const part of splitDelta(delta(base, target), maxBytes)) {
    const wire = responseSerialize({
      part: {
        nonce: 'nonce',
        baseHash: part.baseHash,
        upserts: part.upserts.map(snapshotEntryToWire),
        removals: [...part.removals],
        end: part.end && { ...part.end, position: positionToWire(part.end.position), format: 1 },
      },
    });
    const { part: received } = responseDeserialize(wire);
    assert.ok(received);
    const read = deltaPartFromWire(received);
    collected = collect(collected, read);
    if (read.end) return assemble(current, collected, read.end);
  }
  return assert.fail('a delta must end');
}

describe('deltas', () => {
  it('any sequence of snapshots, sent as deltas in parts of any size, gives the last snapshot', () => {
    fc.assert(
      fc.property(
        fc.array(resources, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5_000 }),
        (sequence, maxBytes) => {
          let current: Snapshot | null = null;
          for (const [index, each] of sequence.entries()) {
            const target = make.snapshot(index + 1, ...each);
            const result = receive(current, current, target, maxBytes);
            assert.ok(result.ok, JSON.stringify(result));
            assert.deepEqual(result.snapshot, target);
            assert.deepEqual([...result.snapshot.entries.keys()], [...target.entries.keys()]);
            current = result.snapshot;
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a delta to another base than what runs is refused, never mixed in', () => {
    fc.assert(
      fc.property(resources, resources, resources, (running, base, target) => {
        const [a, b, c] = [running, base, target].map((each, index) => make.snapshot(index + 1, ...each));
        assert.ok(a && b && c);
        fc.pre(a.hash !== b.hash);
        assert.equal(receive(a, b, c, 1_000).ok, false);
      }),
      { numRuns: 30 },
    );
  });
});
