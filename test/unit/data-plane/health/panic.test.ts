import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { healthRig, poolOf } from '../../../../harness/proxy/health-rig.ts';

describe('panic', () => {
  it('knows panic at once, and cries it only when all first results are in', () => {
    const { clock, checker, told, monitor, run } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }, { row: 2, weight: 0 }, { row: 3, state: 'draining' }]));
    assert.equal(monitor.panic().get('web'), true);
    const panics = () => told.filter((line) => line.includes('panic'));
    for (const port of [1_002, 1_003]) checker.pass(port);
    checker.fail(1_000);
    assert.deepEqual(panics(), []);
    assert.equal(monitor.panic().get('web'), true);
    checker.fail(1_001);
    assert.deepEqual(panics(), ['web panic true']);
    clock.advance(6_000);
    checker.pass(1_000);
    clock.advance(1_200);
    checker.pass(1_000);
    assert.deepEqual(panics(), ['web panic true', 'web panic false']);
    assert.equal(monitor.panic().get('web'), false);
  });

  it('is never in panic where nothing could serve', () => {
    const { monitor, run } = healthRig();
    run(poolOf('empty', 0, []), poolOf('drained', 1, [{ row: 0, state: 'draining' }]));
    assert.deepEqual(
      [...monitor.panic()],
      [
        ['empty', false],
        ['drained', false],
      ],
    );
  });

  it('follows weights and states into panic and out of it', () => {
    const { checker, told, run } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    checker.pass(1_000);
    checker.fail(1_001);
    run(poolOf('web', 0, [{ row: 0, weight: 0 }, { row: 1 }]));
    assert.equal(told.at(-1), 'web panic true');
    run(poolOf('web', 0, [{ row: 0, weight: 5 }, { row: 1 }]));
    assert.equal(told.at(-1), 'web panic false');
  });
});
