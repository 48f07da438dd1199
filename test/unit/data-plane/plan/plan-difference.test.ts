import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backend, BackendState, Resource } from '../../../../core/model/resources.ts';
import { NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { buildPlan } from '../../../../data-plane/plan/build-plan.ts';
import { movedCandidates, planDifference } from '../../../../data-plane/plan/plan-difference.ts';
import type { BuiltPlan } from '../../../../data-plane/plan/plan-directory.ts';
import { RowAllocator } from '../../../../data-plane/memory/row-allocator.ts';
import { createBuffers } from '../../../../data-plane/memory/shared-memory.ts';
import { backend, listener, policy, pool, snapshot } from '../../../../harness/snapshots.ts';

function planner() {
  const rows = new RowAllocator(createBuffers(1));
  let sequence = 0;
  let previous: BuiltPlan | null = null;
  return (...resources: Resource[]): BuiltPlan => {
    sequence++;
    const result = buildPlan({ snapshot: snapshot(sequence, ...resources), sequence, rows, previous });
    assert.ok(result.ok);
    if (previous) rows.sweep(previous.plan.sequence);
    previous = result.built;
    return result.built;
  };
}

function inState(resource: Resource, state: BackendState): Resource {
  return { kind: 'backend', value: { ...(resource.value as Backend), state } };
}

/** The difference in words. */
function words(from: BuiltPlan | null, to: BuiltPlan): string[] {
  const difference = planDifference(from, to);
  return [
    ...difference.listenersAdded.map(({ address }) => `+ ${address}`),
    ...difference.listenersRemoved.map(({ address }) => `- ${address}`),
    ...difference.activated.map(({ address }) => `activated ${address}`),
    ...difference.retired.map(
      ({ backend: { address }, why, drainTimeoutMs }) => `${why} ${address} within ${drainTimeoutMs}`,
    ),
  ];
}

const A = backend('web', '10.0.0.1:80');
const B = backend('web', '10.0.0.2:80');
const quick = policy('quick', { drainTimeoutMs: 5 });

describe('planDifference', () => {
  it('starts with everything', () => {
    const plan = planner()(pool('web'), A, inState(B, 'draining'), listener('l', '0.0.0.0:80', 'web'));
    assert.deepEqual(words(null, plan), ['+ 0.0.0.0:80', 'activated 10.0.0.1:80']);
  });

  it('keeps the socket of a listener that was renamed or moved to another pool', () => {
    const run = planner();
    const before = run(pool('web'), pool('api'), listener('l', '0.0.0.0:80', 'web'));
    const after = run(pool('web'), pool('api'), listener('m', '0.0.0.0:80', 'api'));
    assert.deepEqual(words(before, after), []);
  });

  it('names listeners that come and go', () => {
    const run = planner();
    const before = run(pool('web'), listener('l', '0.0.0.0:80', 'web'));
    const after = run(pool('web'), listener('l', '0.0.0.0:81', 'web'));
    assert.deepEqual(words(before, after), ['+ 0.0.0.0:81', '- 0.0.0.0:80']);
  });

  for (const [name, before, after, expected] of [
    [
      'a drain starts, with the time the new policy gives',
      [A],
      [inState(A, 'draining')],
      ['draining 10.0.0.1:80 within 5'],
    ],
    ['a backend is disabled', [A], [inState(A, 'disabled')], ['disabled 10.0.0.1:80 within 5']],
    ['a backend is removed', [A, B], [B], ['removed 10.0.0.1:80 within 300000']],
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
    assert.deepEqual(words(first, back), ['activated 10.0.0.1:80', 'removed 10.0.0.1:80 within 300000']);
  });

  it('retires the backends of a pool that is gone', () => {
    const run = planner();
    const before = run(quick, pool('web', 'quick'), A);
    assert.deepEqual(words(before, run(quick)), ['removed 10.0.0.1:80 within 5']);
  });
});

describe('movedCandidates', () => {
  it('says where each candidate stands now', () => {
    const run = planner();
    const [before] = run(pool('web'), A, B).plan.pools;
    const [after] = run(pool('web'), B, backend('web', '10.0.0.3:80'), backend('web', '10.0.0.0:80')).plan
      .pools;
    assert.ok(before && after);
    assert.deepEqual([...movedCandidates(before, after)], [NO_BACKEND, 1]);
    assert.deepEqual([...movedCandidates(before, before)], [0, 1]);
    assert.deepEqual([...movedCandidates(after, before)], [NO_BACKEND, 1, NO_BACKEND]);
  });
});
