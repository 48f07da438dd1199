import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceDraft } from '../../../../../core/model/draft.ts';
import { applyResources } from '../../../../../core/model/edits/apply.ts';
import { updateBackend } from '../../../../../core/model/edits/backend.ts';
import { emptyState } from '../../../../../core/model/fold.ts';
import { after, changesOf, refusalOf, stateOf } from '../../../../../harness/state.ts';

const WEB: ResourceDraft = {
  kind: 'pool',
  value: {
    name: 'web',
    policy: 'steady',
    backends: [{ address: '10.0.0.1:80', weight: 2 }, { address: '10.0.0.2:80' }],
  },
};
const STEADY: ResourceDraft = { kind: 'policy', value: { name: 'steady', strategy: 'least_connections' } };
const ON_80: ResourceDraft = { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } };
const ALL = [STEADY, WEB, ON_80];
const apply = (drafts: readonly ResourceDraft[], prune = false) => applyResources(drafts, { prune });

describe('applyResources', () => {
  it('fills in every default', () => {
    const state = stateOf(ALL);
    assert.deepEqual(state.policies.get('steady')?.value, {
      name: 'steady',
      strategy: 'least_connections',
      healthCheck: {
        type: 'tcp',
        intervalMs: 5_000,
        timeoutMs: 2_000,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
      connect: { timeoutMs: 5_000, retries: 2 },
      timeouts: { idleMs: 3_600_000, halfClosedMs: 60_000 },
      drainTimeoutMs: 300_000,
    });
    const web = state.pools.get('web');
    assert.deepEqual(
      [...(web?.backends.values() ?? [])].map(({ value }) => value),
      [
        { pool: 'web', address: '10.0.0.1:80', weight: 2, state: 'active' },
        { pool: 'web', address: '10.0.0.2:80', weight: 1, state: 'active' },
      ],
    );
  });

  it('uses the policy default where a pool names none', () => {
    const state = stateOf([{ kind: 'pool', value: { name: 'a', backends: [] } }]);
    assert.equal(state.pools.get('a')?.value.policy, 'default');
  });

  it('shortens a default timeout to a shorter interval', () => {
    const state = stateOf([{ kind: 'policy', value: { name: 'p', healthCheck: { intervalMs: 500 } } }]);
    assert.equal(state.policies.get('p')?.value.healthCheck.timeoutMs, 500);
  });

  it('changes nothing when everything is so already, in whatever order and form', () => {
    const again = [
      ON_80,
      { ...WEB, value: { ...WEB.value, backends: [...WEB.value.backends].reverse() } },
      STEADY,
    ];
    assert.deepEqual(changesOf(stateOf(ALL), apply(again as ResourceDraft[])), []);
  });

  it('replaces each named resource whole: what is left out takes its default, or goes', () => {
    const state = stateOf(ALL);
    const changes = changesOf(
      state,
      apply([
        { kind: 'policy', value: { name: 'steady' } },
        { kind: 'pool', value: { name: 'web', policy: 'steady', backends: [{ address: '10.0.0.1:80' }] } },
      ]),
    );
    assert.deepEqual(
      changes.map((change) =>
        change.op === 'delete'
          ? `delete ${change.kind} ${change.name}`
          : change.op === 'put' && change.resource.value,
      ),
      [
        { ...state.policies.get('steady')?.value, strategy: 'power_of_two_choices' },
        { pool: 'web', address: '10.0.0.1:80', weight: 1, state: 'active' },
        'delete backend web/10.0.0.2:80',
      ],
    );
  });

  it('keeps the state of a backend where the draft leaves it out, and only then', () => {
    const drained = after(stateOf(ALL), updateBackend('web', { address: '10.0.0.1:80', state: 'draining' }));
    assert.deepEqual(changesOf(drained, apply(ALL)), []);
    const active: ResourceDraft = {
      kind: 'pool',
      value: { name: 'web', policy: 'steady', backends: [{ address: '10.0.0.1:80', state: 'active' }] },
    };
    const again = after(drained, apply([active]));
    assert.equal(again.pools.get('web')?.backends.get('10.0.0.1:80')?.value.state, 'active');
  });

  it('leaves what is not named alone, unless it prunes', () => {
    const state = stateOf(ALL);
    const other: ResourceDraft = { kind: 'pool', value: { name: 'other', backends: [] } };
    assert.equal(changesOf(state, apply([other])).length, 1);
    const pruned = after(state, apply([other], true));
    assert.deepEqual([...pruned.pools.keys()], ['other']);
    assert.deepEqual([...pruned.policies.keys()], ['default']);
    assert.equal(pruned.listeners.size, 0);
  });

  it('brings the policy default back to what was delivered when it prunes', () => {
    const edited = stateOf([{ kind: 'policy', value: { name: 'default', strategy: 'random' } }]);
    const pruned = after(edited, apply([], true));
    assert.deepEqual(pruned.policies, emptyState('store').policies);
    assert.deepEqual(changesOf(pruned, apply([], true)), []);
  });

  it('refuses to prune what a named resource needs', () => {
    const { code, violations } = refusalOf(stateOf(ALL), apply([ON_80], true));
    assert.equal(code, 'INVALID_ARGUMENT');
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['listeners[web].pool'],
    );
  });

  it('is refused with ABORTED when the configuration is not the one that the caller saw', () => {
    const state = stateOf(ALL);
    assert.ok(applyResources(ALL, { prune: false, expectedRevision: 1 })(state).ok);
    const { code, message } = refusalOf(state, applyResources(ALL, { prune: false, expectedRevision: 7 }));
    assert.equal(code, 'ABORTED');
    assert.match(message, /at revision 1, not 7/);
  });

  it('makes listeners change places in one step', () => {
    const two = stateOf([
      WEB,
      STEADY,
      ON_80,
      { kind: 'listener', value: { name: 'b', address: '0.0.0.0:81', pool: 'web' } },
    ]);
    const swapped = after(
      two,
      apply([
        { kind: 'listener', value: { name: 'web', address: '0.0.0.0:81', pool: 'web' } },
        { kind: 'listener', value: { name: 'b', address: '0.0.0.0:80', pool: 'web' } },
      ]),
    );
    assert.equal(swapped.listeners.get('b')?.value.address, '0.0.0.0:80');
  });
});
