import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backend, BackendState, Resource } from '../../../../core/model/resources.ts';
import { planDifference } from '../../../../data-plane/plan/plan-difference.ts';
import type { BuiltPlan } from '../../../../data-plane/plan/plan-directory.ts';
import { backend, policy, pool } from '../../../../harness/snapshots.ts';
import { Planner } from '../../../../harness/worker/planner.ts';

function planner() {
  const plans = new Planner();
  return (...resources: Resource[]): BuiltPlan => {
    const built = plans.build(...resources);
    plans.sweep();
    return built;
  };
}

function inState(resource: Resource, state: BackendState): Resource {
  return { kind: 'backend', value: { ...(resource.value as Backend), state } };
}

/** The difference in words. */
function words(from: BuiltPlan | null, to: BuiltPlan): string[] {
  const difference = planDifference(from, to);
  return [
    ...difference.activated.map(({ address }) => `activated ${address}`),
    ...difference.retired.map(
      ({ backend: { address }, drainTimeoutMs }) => `retired ${address} within ${drainTimeoutMs}`,
    ),
  ];
}

const A = backend('web', '10.0.0.1:80');
const B = backend('web', '10.0.0.2:80');
const quick = policy('quick', { drainTimeoutMs: 5 });

describe('planDifference', () => {
  it('starts with everything', () => {
    const plan = planner()(pool('web'), A, inState(B, 'draining'));
    assert.deepEqual(words(null, plan), ['activated 10.0.0.1:80']);
  });

  for (const [name, before, after, expected] of [
    [
      'a drain starts, with the time the new policy gives',
      [A],
      [inState(A, 'draining')],
      ['retired 10.0.0.1:80 within 5'],
    ],
    ['a backend is disabled', [A], [inState(A, 'disabled')], ['retired 10.0.0.1:80 within 5']],
    ['a backend is removed', [A, B], [B], ['retired 10.0.0.1:80 within 300000']],
    ['a drain is undone', [inState(A, 'draining')], [A], ['activated 10.0.0.1:80']],
    ['a backend is added', [], [B], ['activated 10.0.0.2:80']],
    ['a draining backend is removed: its deadline stands', [inState(A, 'draining')], [], []],
    [
      'a draining backend is disabled: its deadline stands',
      [inState(A, 'draining')],
      [inState(A, 'disabled')],
      [],
    ],
    ['a weight changes', [A], [backend('web', '10.0.0.1:80', 9)], []],
  ] as const) {
    it(`says it when ${name}`, () => {
      const run = planner();
      const first = run(pool('web'), quick, ...before);
      const second = run(pool('web', 'quick'), quick, ...after);
      assert.deepEqual(words(first, second), expected);
    });
  }

  it('takes a backend that lost its row in between for another', () => {
    const run = planner();
    const first = run(pool('web'), A);
    run(pool('web'));
    run(pool('web'));
    const back = run(pool('web'), A);
    assert.deepEqual(words(first, back), ['activated 10.0.0.1:80', 'retired 10.0.0.1:80 within 300000']);
  });

  it('retires the backends of a pool that is gone', () => {
    const run = planner();
    const before = run(quick, pool('web', 'quick'), A);
    assert.deepEqual(words(before, run(quick)), ['retired 10.0.0.1:80 within 5']);
  });
});
