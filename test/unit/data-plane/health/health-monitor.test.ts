import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HTTP_CHECK_DEFAULTS } from '../../../../core/model/defaults.ts';
import type { HealthCheck } from '../../../../core/model/resources.ts';
import { HEALTH } from '../../../../data-plane/memory/shared-memory.ts';
import { AT_ONCE, healthRig, poolOf } from '../../../../harness/proxy/health-rig.ts';

describe('HealthMonitor', () => {
  it('checks a newcomer at once, and its first pass makes it healthy, in shared memory too', () => {
    const { shared, checker, told, run, cell } = healthRig();
    run(poolOf('web', 7, [{ row: 3 }]));
    assert.deepEqual(checker.ports, [1_003]);
    assert.equal(cell(3), 'unknown');
    const epoch = Atomics.load(shared.poolEpoch, 7);
    checker.pass(1_003);
    assert.equal(cell(3), 'healthy');
    assert.ok(Atomics.load(shared.poolEpoch, 7) > epoch);
    assert.deepEqual(told, ['web/1003 unknown to healthy: passed its first check']);
  });

  it('checks again after the interval, quickly while it falls, and takes it down', () => {
    const { clock, checker, run, cell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }]));
    checker.pass(1_000);
    clock.advance(4_400);
    assert.deepEqual(checker.ports, []);
    clock.advance(1_200);
    checker.fail(1_000);
    clock.advance(1_200);
    checker.fail(1_000);
    assert.equal(cell(0), 'healthy');
    clock.advance(1_200);
    checker.fail(1_000);
    assert.equal(cell(0), 'unhealthy');
  });

  it('starts afresh with a backend that comes back while connections keep its row, whatever the cell says', () => {
    const { checker, run, cell, shared } = healthRig();
    run(poolOf('web', 7, [{ row: 0 }, { row: 1 }]));
    checker.pass(1_000);
    checker.fail(1_001);
    run(poolOf('web', 7, []));
    const epoch = Atomics.load(shared.poolEpoch, 7);
    run(poolOf('web', 7, [{ row: 0 }, { row: 1 }]));
    assert.deepEqual([cell(0), cell(1)], ['unknown', 'unknown']);
    assert.ok(Atomics.load(shared.poolEpoch, 7) > epoch);
    checker.fail(1_000);
    checker.pass(1_001);
    assert.deepEqual([cell(0), cell(1)], ['unhealthy', 'healthy']);
  });

  it('keeps what it knows across plans, as long as the generation stays', () => {
    const { checker, run, cell, health, shared } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    checker.pass(1_000);
    checker.fail(1_001);
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }, { row: 2 }], { intervalMs: 9_000 }));
    assert.deepEqual(checker.ports, [1_002]);
    assert.equal(cell(0), 'healthy');
    assert.equal(health(1), 'unhealthy: connection refused');
    Atomics.store(shared.health, 0, HEALTH.unknown);
    run(poolOf('web', 0, [{ row: 0, generation: 2 }]));
    assert.equal(health(0, 2), 'unknown: not checked yet');
    assert.equal(health(0, 1), 'unknown: removed');
    assert.equal(health(1), 'unknown: removed');
    assert.deepEqual(checker.ports, [1_000]);
  });

  it('drops the check of a backend that was removed', () => {
    const { clock, checker, monitor, run } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    checker.pass(1_001);
    clock.advance(500);
    run(poolOf('web', 0, []));
    assert.equal(monitor.healthOf({ row: 1, generation: 1 }).sinceMs, clock.wallMs());
    assert.deepEqual(checker.ports, []);
    clock.advance(60_000);
    assert.equal(checker.started, 2);
    assert.equal(clock.pending, 0);
  });

  it('does not check a disabled backend, checks a draining one, and starts over when enabled', () => {
    const { clock, checker, run, cell, health } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    checker.pass(1_000);
    checker.pass(1_001);
    run(
      poolOf('web', 0, [
        { row: 0, state: 'disabled' },
        { row: 1, state: 'draining' },
      ]),
    );
    assert.equal(health(0), 'unknown: disabled');
    assert.equal(cell(0), 'unknown');
    clock.advance(6_000);
    assert.deepEqual(checker.ports, [1_001]);
    checker.pass(1_001);
    run(poolOf('web', 0, [{ row: 0 }, { row: 1, state: 'draining' }]));
    assert.equal(health(0), 'unknown: not checked yet');
    assert.deepEqual(checker.ports, [1_000]);
    assert.equal(health(1), 'healthy: passed its first check');
  });

  it('counts backends as up where there are no checks, and goes on from there when checks begin', () => {
    const { checker, run, cell, health } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }], { type: 'none' }));
    assert.equal(health(0), 'healthy: not checked');
    assert.equal(cell(0), 'healthy');
    assert.equal(checker.started, 0);
    run(poolOf('web', 0, [{ row: 0 }]));
    assert.equal(cell(0), 'healthy');
    assert.deepEqual(checker.ports, [1_000]);
    run(poolOf('web', 0, [{ row: 0 }], { type: 'none' }));
    assert.deepEqual(checker.ports, []);
  });

  it('lets the first result of another check decide, and keeps what it knows until then', () => {
    const HTTP = { type: 'http', http: HTTP_CHECK_DEFAULTS } as const;
    const { checker, run, cell, health } = healthRig();
    const plan = (check: Partial<HealthCheck>) => run(poolOf('web', 0, [{ row: 0 }, { row: 1 }], check));
    plan({});
    checker.pass(1_000);
    checker.pass(1_001);
    plan(HTTP);
    assert.deepEqual([cell(0), cell(1)], ['healthy', 'healthy']);
    checker.fail(1_000, 'GET :1000/ answered 503');
    checker.pass(1_001);
    assert.deepEqual([cell(0), cell(1)], ['unhealthy', 'healthy']);
    plan({ ...HTTP, timeoutMs: 1_000, unhealthyThreshold: 2 });
    checker.fail(1_001);
    assert.equal(cell(1), 'healthy', 'another timeout is no other question');
    plan({});
    assert.equal(health(0), 'unhealthy: GET :1000/ answered 503');
    checker.pass(1_000);
    assert.equal(cell(0), 'healthy');
  });

  it('checks unhealthy backends sooner as soon as a policy says so', () => {
    const { checker, clock, run } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }], { unhealthyIntervalMs: 3_600_000 }));
    checker.fail(1_000);
    clock.advance(60_000);
    assert.deepEqual(checker.ports, []);
    run(poolOf('web', 0, [{ row: 0 }]));
    assert.deepEqual(checker.ports, [1_000]);
  });

  it('looks soon at what a worker took out, and one pass brings it back with its failures forgotten', () => {
    const { shared, clock, checker, told, monitor, run, cell, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    checker.pass(1_000);
    checker.pass(1_001);
    ejectCell(0);
    monitor.ejected(0, 1, '3 failed connects in a row');
    assert.equal(told.at(-1), 'web/1000 healthy to ejected: 3 failed connects in a row');
    clock.advance(1_200);
    assert.deepEqual(checker.ports, [1_000]);
    checker.pass(1_000);
    assert.equal(cell(0), 'healthy');
    assert.equal(Atomics.load(shared.failures, 0), 0);
  });

  it('does not let a check that began before an ejection undo it', () => {
    const { clock, checker, monitor, run, cell, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }]));
    checker.pass(1_000);
    clock.advance(6_000);
    ejectCell(0);
    monitor.ejected(0, 1, 'failed connects');
    checker.pass(1_000);
    assert.equal(cell(0), 'ejected');
    clock.advance(1_200);
    checker.pass(1_000);
    assert.equal(cell(0), 'healthy');
  });

  it('makes up for an ejection that nobody told of', () => {
    const { clock, checker, run, cell, health, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }]));
    checker.pass(1_000);
    ejectCell(0);
    clock.advance(6_000);
    checker.pass(1_000);
    assert.equal(health(0), 'ejected: failed connects in a row');
    assert.equal(cell(0), 'ejected');
    clock.advance(1_200);
    checker.pass(1_000);
    assert.equal(cell(0), 'healthy');
  });

  it('never overwrites an ejection it has not heard of, and settles it once it has', () => {
    const { clock, checker, monitor, run, cell, health, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }], { unhealthyThreshold: 1 }));
    checker.pass(1_000);
    clock.advance(6_000);
    ejectCell(0);
    checker.fail(1_000);
    assert.equal(cell(0), 'ejected');
    monitor.ejected(0, 1, 'late news');
    clock.advance(1_200);
    checker.fail(1_000);
    assert.equal(cell(0), 'unhealthy');
    assert.equal(health(0), 'unhealthy: connection refused');
  });

  it('ignores news of a former owner of the row', () => {
    const { checker, told, monitor, run, ejectCell } = healthRig();
    run(poolOf('web', 0, [{ row: 0, generation: 2 }]));
    checker.pass(1_000);
    ejectCell(0);
    monitor.ejected(0, 1, 'old news');
    monitor.ejected(9, 1, 'no such row');
    assert.equal(told.length, 1);
  });

  it('puts up with three results that prove nothing, not with more', () => {
    const { clock, checker, run, cell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }], { unhealthyThreshold: 1 }));
    checker.pass(1_000);
    for (let n = 0; n < 3; n++) {
      clock.advance(6_000);
      checker.end(1_000, { type: 'inconclusive', reason: 'stood still' });
      assert.equal(cell(0), 'healthy');
    }
    clock.advance(6_000);
    checker.end(1_000, { type: 'inconclusive', reason: 'stood still' });
    assert.equal(cell(0), 'unhealthy');
  });

  it('never runs more than its share of checks at once, and gets round to all', () => {
    const { clock, checker, run, cell } = healthRig();
    const count = 3 * AT_ONCE;
    run(
      poolOf(
        'web',
        0,
        Array.from({ length: count }, (_, row) => ({ row })),
      ),
    );
    clock.advance(1_000);
    assert.ok(checker.running.length <= AT_ONCE && checker.running.length > 0.75 * AT_ONCE);
    for (let n = 0; n < count; n++) checker.pass(checker.ports[0] ?? 0);
    assert.ok(checker.mostRunning <= AT_ONCE);
    assert.equal(checker.started, count);
    for (let row = 0; row < count; row++) assert.equal(cell(row), 'healthy');
    assert.equal(clock.pending, count, 'each is scheduled again');
  });

  it('is quiet once closed', () => {
    const { clock, checker, monitor, run } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }]));
    checker.pass(1_000);
    monitor.close();
    assert.deepEqual(checker.ports, []);
    assert.equal(clock.pending, 0);
  });
});

describe('panic', () => {
  it('knows panic at once, and cries it only when all first results are in', () => {
    const { clock, checker, told, monitor, run } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }, { row: 2, weight: 0 }, { row: 3, state: 'draining' }]));
    assert.equal(monitor.poolStates().get('web')?.noneHealthy, true);
    const panics = () => told.filter((line) => line.includes('panic'));
    for (const port of [1_002, 1_003]) checker.pass(port);
    checker.fail(1_000);
    assert.deepEqual(panics(), []);
    assert.equal(monitor.poolStates().get('web')?.noneHealthy, true);
    checker.fail(1_001);
    assert.deepEqual(panics(), ['web panic true']);
    clock.advance(6_000);
    checker.pass(1_000);
    clock.advance(1_200);
    checker.pass(1_000);
    assert.deepEqual(panics(), ['web panic true', 'web panic false']);
    assert.equal(monitor.poolStates().get('web')?.noneHealthy, false);
  });

  it('is never in panic where nothing could serve', () => {
    const { monitor, run } = healthRig();
    run(poolOf('empty', 0, []), poolOf('drained', 1, [{ row: 0, state: 'draining' }]));
    const states = Array.from(monitor.poolStates(), ([name, { noneHealthy }]) => [name, noneHealthy]);
    assert.deepEqual(Object.fromEntries(states), { empty: false, drained: false });
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
