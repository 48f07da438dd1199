/** When backends are checked, and what a connect that fails says of one. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { errnoName } from '../../../../data-plane/kernel/errno.ts';
import { refused } from '../../../../data-plane/health/checker.ts';
import fc from 'fast-check';
import { POLICY_DEFAULTS } from '../../../../core/model/defaults.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { stepHealth, unknownHealth } from '../../../../data-plane/health/health-machine.ts';
import { CheckSchedule, firstDelayMs, nextDelayMs } from '../../../../data-plane/health/scheduler.ts';

const { EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC } = constants.errno;
const { EACCES, ECONNREFUSED, EHOSTDOWN, EPROTO } = { EHOSTDOWN: 112, ...constants.errno };

describe('a check whose connect fails', () => {
  for (const errno of [EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC]) {
    it(`says nothing of the backend when this host ran out of resources: ${errnoName(errno)}`, () => {
      const reason = `this host ran out of resources: ${errnoName(errno)}`;
      assert.deepEqual(refused(errno), { type: 'inconclusive', reason });
    });
  }

  for (const [errno, reason] of [
    [ECONNREFUSED, 'connection refused'],
    [EHOSTDOWN, 'host down'],
    [EACCES, 'not permitted by this host'],
    [EPROTO, 'EPROTO'],
  ] as const) {
    it(`fails, and says "${reason}"`, () => {
      assert.deepEqual(refused(errno), { type: 'failed', reason });
    });
  }
});

const check = { ...POLICY_DEFAULTS.healthCheck, intervalMs: 5_000 };
const healthy = stepHealth(unknownHealth(0), { type: 'passed' }, check, 0);
const faltering = stepHealth(healthy, { type: 'failed', reason: 'refused' }, check, 0);

describe('timing of checks', () => {
  it('checks few newcomers at once and spreads many over a second', () => {
    const random = seededRandom(1);
    assert.equal(firstDelayMs(3, check, random), 0);
    const delays = Array.from({ length: 1_000 }, () => firstDelayMs(1_000, check, random));
    assert.ok(Math.max(...delays) < 1_000 && Math.max(...delays) > 900 && Math.min(...delays) < 100);
  });

  it('never spreads first checks beyond the interval', () => {
    const delays = Array.from({ length: 100 }, () =>
      firstDelayMs(100, { ...check, intervalMs: 200 }, seededRandom(1)),
    );
    assert.ok(Math.max(...delays) < 200);
  });

  it('waits the interval give or take a tenth, and a second on the way up or down', () => {
    for (const [state, intervalMs, middle] of [
      [healthy, 5_000, 5_000],
      [faltering, 5_000, 1_000],
      [faltering, 300, 300],
    ] as const) {
      const random = seededRandom(4);
      const delays = Array.from({ length: 500 }, () => nextDelayMs(state, { ...check, intervalMs }, random));
      assert.ok(Math.min(...delays) >= middle * 0.9 && Math.min(...delays) < middle * 0.92);
      assert.ok(Math.max(...delays) <= middle * 1.1 && Math.max(...delays) > middle * 1.08);
    }
  });
});

describe('CheckSchedule', () => {
  it('agrees with a sorted list, whatever is set, moved, removed and taken', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('set' as const), row: fc.nat(20), at: fc.nat(50) }),
      fc.record({ op: fc.constant('remove' as const), row: fc.nat(20), at: fc.constant(0) }),
      fc.record({ op: fc.constant('take' as const), row: fc.constant(0), at: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const schedule = new CheckSchedule();
        const model = new Map<number, number>();
        for (const { op, row, at } of steps) {
          const earliest = Math.min(...model.values());
          if (op === 'set') {
            schedule.set(row, at);
            model.set(row, at);
          } else if (op === 'remove') {
            schedule.remove(row);
            model.delete(row);
          } else {
            const taken = schedule.takeDue(at);
            assert.equal(taken !== null, earliest <= at);
            assert.ok(taken === null || model.get(taken) === earliest);
            model.delete(taken ?? -1);
          }
          assert.equal(schedule.nextDueMs() ?? Number.POSITIVE_INFINITY, Math.min(...model.values()));
          assert.equal(schedule.dueMs(row), model.get(row) ?? null);
        }
      }),
    );
  });
});
