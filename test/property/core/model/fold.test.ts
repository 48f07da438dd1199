/** Replicas that fold the log in different pieces arrive at the same state. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Change, Commit } from '../../../../core/model/commit.ts';
import { POLICY_DEFAULTS } from '../../../../core/model/defaults.ts';
import { applyCommit, applyCommits, emptyState } from '../../../../core/model/fold.ts';
import { nameOf, type Resource } from '../../../../core/model/resources.ts';
import { commitOn } from '../../../../harness/state.ts';

describe('the fold', () => {
  it('folds any commits in one go as one by one, each resource gone with what it was in', () => {
    const few = fc.constantFrom('a', 'a', 'b');
    // A pool that goes and comes back between changes of its backends is what is rare.
    const resource: fc.Arbitrary<Resource> = fc.oneof(
      few.map((policy) => ({ kind: 'policy', value: { ...POLICY_DEFAULTS, name: policy } }) as const),
      {
        weight: 4,
        arbitrary: few.map((pool) => ({ kind: 'pool', value: { name: pool, policy: 'default' } }) as const),
      },
      {
        weight: 4,
        arbitrary: fc.tuple(few, few).map(([pool, host]) => {
          return { kind: 'backend', value: { pool, address: host, weight: 1, state: 'active' } } as const;
        }),
      },
      few.map((one) => ({ kind: 'listener', value: { name: one, address: one, pool: 'a' } }) as const),
    );
    const change = fc.oneof(
      resource.map((value): Change => ({ op: 'put', resource: value })),
      resource.map((value): Change => ({ op: 'delete', kind: value.kind, name: nameOf(value) })),
    );
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }), (groups) => {
        const commits: Commit[] = [];
        let state = emptyState('s');
        for (const changes of groups) {
          const before = new Map(state.pools);
          const commit = commitOn(state, changes);
          commits.push(commit);
          state = applyCommit(state, commit);
          // A backend is where the last change of it, or of its pool's existence, has left it.
          for (const [pool, { backends: now }] of state.pools) {
            const expected = new Set(before.get(pool)?.backends.keys());
            for (const one of changes) {
              if (one.op === 'put' && one.resource.kind === 'backend' && one.resource.value.pool === pool)
                expected.add(one.resource.value.address);
              if (one.op === 'delete' && one.kind === 'pool' && one.name === pool) expected.clear();
              if (one.op === 'delete' && one.kind === 'backend')
                expected.delete(one.name.replace(`${pool}/`, ''));
            }
            for (const host of now.keys()) assert.ok(expected.has(host), `${pool}/${host} was deleted`);
          }
        }
        assert.deepEqual(applyCommits(emptyState('s'), commits), state);
      }),
      { numRuns: 1_000 },
    );
  });
});
